import type { StoredMessage } from './account.ts';
import { type Argument, listOf, membersOf, textOf } from './command-arguments.ts';
import { headerValue } from './message-parts.ts';

interface Candidate {
  readonly message: StoredMessage;
  readonly sequence: number;
  readonly view: readonly StoredMessage[];
}

const flagKeys: Readonly<Record<string, string>> = {
  SEEN: '\\Seen',
  ANSWERED: '\\Answered',
  FLAGGED: '\\Flagged',
  DELETED: '\\Deleted',
  DRAFT: '\\Draft',
};

/** RFC 3501 SEARCH criteria, as far as mail clients use them: ALL, sets, UID, flags, KEYWORD, HEADER, NOT, OR, MODSEQ. */
export function matchesSearch(criteria: readonly Argument[], candidate: Candidate): boolean {
  const left = [...criteria];
  let matches = true;
  while (left.length > 0) matches = takeCriterion(left, candidate) && matches;
  return matches;
}

function takeCriterion(left: Argument[], candidate: Candidate): boolean {
  const argument = left.shift();
  if (argument !== undefined && typeof argument !== 'string') return matchesSearch(listOf(argument), candidate);
  const key = textOf(argument).toUpperCase();
  const { message, sequence, view } = candidate;
  const next = (): string => textOf(left.shift());
  const flag = flagKeys[key.replace(/^UN/, '')];
  if (flag !== undefined) return message.flags.has(flag) !== key.startsWith('UN');
  switch (key) {
    case 'ALL':
      return true;
    case 'NOT':
      return !takeCriterion(left, candidate);
    case 'OR': {
      const first = takeCriterion(left, candidate);
      return takeCriterion(left, candidate) || first;
    }
    case 'UID':
      return membersOf(
        next(),
        view.map(({ uid }) => uid),
      ).has(message.uid);
    case 'KEYWORD':
      return message.flags.has(next());
    case 'UNKEYWORD':
      return !message.flags.has(next());
    case 'MODSEQ':
      return message.modSeq >= Number(next());
    case 'HEADER': {
      const value = headerValue(message.octets, next());
      const wanted = next().toLowerCase();
      return value?.toLowerCase().includes(wanted) ?? false;
    }
    case 'CHARSET':
      next();
      return true;
    default:
      if (!/^[\d,:*]+$/.test(key)) throw new Error(`This server cannot search for ${key}.`);
      return membersOf(
        key,
        view.map((_, index) => index + 1),
      ).has(sequence);
  }
}
