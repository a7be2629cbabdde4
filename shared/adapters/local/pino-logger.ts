import { pino } from 'pino';
import type { DestinationStream } from 'pino';
import type { Logger } from '../../ports/logger.ts';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/** Names of facts that are never shown, wherever they stand: a net below the rule that nobody logs them. */
const secretNames = /passw|secret|credential|authorization|cookie|apikey|privatekey|subject|body/i;
const removed = '[removed]';
/** Deeper facts are no facts but whole objects of a library. */
const deepest = 6;

/**
 * One JSON line a fact on stderr, written before the call returns: a killed process has said what it knew. stdout
 * belongs to the command's answer.
 */
export function pinoLogger(
  level: LogLevel,
  destination: DestinationStream = pino.destination({ dest: 2, sync: true }),
): Logger {
  const log = pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    destination,
  );
  return {
    debug: (message, facts) => log.debug(shown(facts), message),
    info: (message, facts) => log.info(shown(facts), message),
    warn: (message, facts) => log.warn(shown(facts), message),
    error: (message, facts) => log.error(shown(facts), message),
  };
}

function shown(facts: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  return Object.fromEntries(Object.entries(facts).map(([name, fact]) => [name, shownFact(name, fact, 1)]));
}

function shownFact(name: string, fact: unknown, depth: number): unknown {
  if (secretNames.test(name)) return removed;
  if (typeof fact === 'bigint') return String(fact);
  if (typeof fact !== 'object' || fact === null) return fact;
  if (depth > deepest) return removed;
  if (fact instanceof Error) return shownError(fact, depth);
  if (ArrayBuffer.isView(fact)) return `${String(fact.byteLength)} octets`;
  if (Array.isArray(fact)) return fact.map((one) => shownFact('', one, depth + 1));
  return Object.fromEntries(Object.entries(fact).map(([inner, value]) => [inner, shownFact(inner, value, depth + 1)]));
}

/** Name, code, message, stack and causes; what else a library hangs on its errors may be a whole request. */
function shownError(error: Error, depth: number): Record<string, unknown> {
  return {
    name: error.name,
    ...('code' in error && { code: error.code }),
    message: error.message,
    stack: error.stack,
    ...(error.cause !== undefined && { cause: shownFact('cause', error.cause, depth + 1) }),
  };
}
