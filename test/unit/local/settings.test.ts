import { describe, expect, it } from '@jest/globals';
import { readSettings } from '../../../local/settings.ts';

describe('the settings of the embedded service', () => {
  it('need none', () => {
    expect(readSettings({}).deployment).toMatchObject({ operator: null, settleLookMs: 5_000, leaseMs: 90_000 });
  });

  it('treat an empty variable as one that is not set', () => {
    expect(readSettings({ STAGECOACH_OPERATOR: '' }).deployment.operator).toBeNull();
  });

  it('name a wrong one without its value', () => {
    const read = () => readSettings({ STAGECOACH_SMTP: 'user:pa55word@host', STAGECOACH_FIRST_WAIT_SECONDS: '0' });

    expect(read).toThrow(/STAGECOACH_SMTP.*STAGECOACH_FIRST_WAIT_SECONDS/);
    expect(read).not.toThrow(/pa55word/);
  });
});
