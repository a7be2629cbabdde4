import { describe, expect, it } from '@jest/globals';
import { pinoLogger } from '../../../../shared/adapters/local/pino-logger.ts';
import { TransientError } from '../../../../shared/domain/errors.ts';

function logged(work: (log: ReturnType<typeof pinoLogger>) => void): { text: string; lines: unknown[] } {
  let text = '';
  work(pinoLogger('info', { write: (line: string) => void (text += line) }));
  const lines = text.split('\n').filter((line) => line !== '');
  return { text, lines: lines.map((line): unknown => JSON.parse(line)) };
}

describe('the log', () => {
  it('is one JSON line a fact, from its level up', () => {
    const { lines } = logged((log) => {
      log.debug('Not shown');
      log.info('A slice ends', { batch: 'wave-1', slice: 3, token: 7, octets: Buffer.from('abc') });
      log.warn('Nothing to add');
    });

    expect(lines).toEqual([
      {
        level: 'info',
        time: expect.any(String),
        msg: 'A slice ends',
        batch: 'wave-1',
        slice: 3,
        token: 7,
        octets: '3 octets',
      },
      { level: 'warn', time: expect.any(String), msg: 'Nothing to add' },
    ]);
  });

  it('shows no secret that somebody hands to it by mistake, however deep', () => {
    const { text } = logged((log) =>
      log.error('Mistake', {
        password: 'Sommer2026',
        row: {
          userName: 'ann',
          TargetPassword: 'Sommer2026',
          list: [{ clientSecret: 'Sommer2026', Subject: 'Sommer2026' }],
        },
      }),
    );

    expect(text).toContain('ann');
    expect(text).not.toContain('Sommer2026');
  });

  it('shows an error with code and causes, and nothing else that hangs on it', () => {
    const cause = Object.assign(new Error('ECONNRESET'), { request: { headers: 'Sommer2026' } });
    const error = new TransientError({ code: 'SOURCE_CONNECTION_LOST', message: 'lost', cause });

    const { text, lines } = logged((log) => log.error('Failed', { error }));

    expect(lines[0]).toMatchObject({
      error: {
        name: 'TransientError',
        code: 'SOURCE_CONNECTION_LOST',
        message: 'lost',
        cause: { message: 'ECONNRESET' },
      },
    });
    expect(text).not.toContain('Sommer2026');
  });

  it('survives facts that refer to themselves', () => {
    const fact: Record<string, unknown> = { a: 1 };
    fact['self'] = fact;

    expect(logged((log) => log.info('Odd', { fact, big: 5n })).lines).toHaveLength(1);
  });
});
