import { describe, expect, it } from '@jest/globals';
import { compareFlags } from '../../../shared/application/copy/flag-differences.ts';

describe('Flags at the target against those that were written', () => {
  it.each([
    ['the same, whatever case and order', ['\\Seen', 'Work'], ['work', '\\SEEN']],
    ['read since', [], ['\\Seen']],
    ['marked by the server or a filter', ['\\Seen'], ['\\Seen', '$HasAttachment', 'NonJunk']],
    ['read and marked', ['Work'], ['Work', '\\Seen', '\\Recent', '$MDNSent']],
  ])('allow what is %s', (_, written, found) => {
    expect(compareFlags(written, found)).toBeNull();
  });

  it.each([
    [[], ['\\Answered', '\\Seen'], '\\Answered set since'],
    [['\\Seen'], ['\\Seen', '\\Flagged'], '\\Flagged set since'],
  ])('name what a reader did with %j, and do not call it a failure', (written, found, detail) => {
    expect(compareFlags(written, found)).toEqual({ detail, ofAReader: true });
  });

  it.each([
    [['\\Seen'], [], '\\Seen no longer set'],
    [['Work', '\\Flagged'], ['\\Flagged'], 'Work no longer set'],
    [[], ['\\Deleted'], '\\Deleted set since'],
    [[], ['\\Draft'], '\\Draft set since'],
    [['\\Flagged'], ['\\Answered'], '\\Flagged no longer set; \\Answered set since'],
  ])('call it a failure when %j became %j', (written, found, detail) => {
    expect(compareFlags(written, found)).toEqual({ detail, ofAReader: false });
  });
});
