import { describe, expect, it } from '@jest/globals';
import { FailedState } from '../../../functions/record-failure/failed-state.ts';
import { UploadEvent } from '../../../functions/start-upload/upload-event.ts';

describe('an upload event', () => {
  it('says which version of which object, and who put it there', () => {
    // The shape of the S3 user guide's example, "EventBridge event message structure".
    const event = {
      version: '0',
      id: '17793124-05d4-b198-2fde-7ededc63b103',
      'detail-type': 'Object Created',
      source: 'aws.s3',
      account: '111122223333',
      time: '2026-11-12T00:00:00Z',
      region: 'ca-central-1',
      resources: ['arn:aws:s3:::incoming'],
      detail: {
        version: '0',
        bucket: { name: 'incoming' },
        object: {
          key: 'incoming/contoso/first batch+ä.csv',
          size: 5,
          etag: 'b1946ac92492d2347c6235b4d2611184',
          'version-id': 'IYV3p45BT0ac8hjHg1houSdS1a.Mro8e',
          sequencer: '617f08299329d189',
        },
        'request-id': 'N4N7GDK58NMKJ12R',
        requester: '123456789012',
        'source-ip-address': '1.2.3.4',
        reason: 'PutObject',
      },
    };

    expect(UploadEvent.parse(event)).toEqual({
      key: 'incoming/contoso/first batch+ä.csv',
      version: 'IYV3p45BT0ac8hjHg1houSdS1a.Mro8e',
      startedBy: '123456789012',
    });
  });

  it('is refused without a version: an upload that cannot be deleted at its version is not read', () => {
    const detail = { object: { key: 'incoming/contoso/first.csv' }, requester: '123456789012' };

    expect(UploadEvent.safeParse({ detail }).success).toBe(false);
  });
});

describe('what a failed state leaves', () => {
  const error = { Error: 'ConfigurationError', Cause: '{}' };

  it('is its position and its error', () => {
    const position = { batch: 'first', pass: 'initial', run: 3, next: 'check', reason: '', mail: 'stopped' };

    expect(FailedState.parse({ ...position, error })).toEqual({ ...position, error });
    expect(FailedState.parse(position)).toEqual(position);
  });

  it('is no run to release where the very first state failed', () => {
    const input = { batch: 'first', pass: 'initial', upload: { key: 'incoming/a/b.csv', version: '1' } };

    expect(FailedState.parse({ ...input, error })).toEqual({
      batch: 'first',
      pass: 'initial',
      run: 0,
      next: 'fail',
      reason: '',
      mail: 'finished',
      error,
    });
  });
});
