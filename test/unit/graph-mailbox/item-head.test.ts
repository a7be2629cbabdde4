import { describe, expect, it } from '@jest/globals';
import { decodeHead, encodeHead, headOf } from '../../../shared/adapters/graph/mailbox/item-head.ts';
import { fingerprint, FingerprintKey, ItemDigester } from '../../../shared/domain/item-digest.ts';
import { ordinaryMessage } from '../../support/mail/ordinary-message.ts';
import { UGLY_MESSAGES } from '../../support/mail/ugly-messages.ts';

const shape = { seed: 's', id: 'id', date: new Date('2020-02-03T04:05:06Z'), bytes: 5_000 };
const key = new FingerprintKey(Buffer.from('key'));
const date = '03-Feb-2020 04:05:06 +0000';

function print(octets: Uint8Array): ReturnType<typeof fingerprint> {
  const digester = new ItemDigester();
  digester.update(octets);
  return fingerprint(digester.finish().header, date, key);
}

describe('the head of an item', () => {
  it.each([['an ordinary message', ordinaryMessage] as const, ...Object.entries(UGLY_MESSAGES)])(
    'has the fingerprint of the item: %s',
    (_, make) => {
      const octets = make(shape);

      const kept = decodeHead(encodeHead(headOf(octets))) ?? Buffer.from('');

      expect(print(Buffer.concat([kept, Buffer.from('X-Other: 1\r\n\r\n')]))).toEqual(print(octets));
    },
  );

  it('is none where somebody else wrote the property', () => {
    expect(decodeHead('no deflate')).toBeUndefined();
  });
});
