import { describe, expect, it } from '@jest/globals';
import { patientProbe } from '../../../shared/application/patient-probe.ts';
import { Endpoint } from '../../../shared/domain/endpoint.ts';
import type { EndpointCheck } from '../../../shared/ports/endpoint-probe.ts';

const endpoint = Endpoint.parse({
  name: 'contoso',
  type: 'imap',
  source: { kind: 'imap', host: 'old', login: { mode: 'user' } },
  target: { kind: 'imap', host: 'new', login: { mode: 'user' } },
});

function check(side: 'source' | 'target', fault?: 'transient' | 'lasting'): EndpointCheck {
  const words = { evidence: '', fix: '' };
  if (fault === undefined) return { side, check: 'sign-in', result: 'pass', code: null, transient: false, ...words };
  const code = side === 'source' ? 'SOURCE_CONNECTION_LOST' : 'TARGET_CONNECTION_LOST';
  return { side, check: 'sign-in', result: 'fail', code, transient: fault === 'transient', ...words };
}

/** Answers one after the other, the last one for good; each look takes so long. */
function world(answers: readonly (readonly EndpointCheck[])[], lookMs = 10) {
  const state = { now: 0, looks: 0, slept: [] as number[] };
  const probe = (): Promise<readonly EndpointCheck[]> => {
    state.now += lookMs;
    state.looks += 1;
    return Promise.resolve(answers[state.looks - 1] ?? answers.at(-1) ?? []);
  };
  const never = (): never => {
    throw new Error('not asked');
  };
  const clock = {
    now: () => state.now,
    sleep: (ms: number) => {
      state.now += ms;
      state.slept.push(ms);
      return Promise.resolve();
    },
  };
  const endpointProbe = { probe, discover: never, probeDirectories: probe, probeStorage: never };
  return { state, probe: patientProbe({ endpointProbe, clock }) };
}

describe('Looking at an endpoint', () => {
  it('looks once where all is well, or where a person has to change something', async () => {
    for (const answer of [
      [check('source'), check('target')],
      [check('source', 'lasting'), check('target')],
    ]) {
      const { state, probe } = world([answer]);

      expect(await probe.probe(endpoint, {})).toEqual(answer);
      expect(state.looks).toBe(1);
    }
  });

  it('looks again where a connection was lost, and keeps what the other side said', async () => {
    const { state, probe } = world([
      [check('source', 'transient'), check('target')],
      [check('source'), check('target', 'transient')],
    ]);

    expect(await probe.probe(endpoint, {})).toEqual([check('source'), check('target')]);
    expect(state.slept).toHaveLength(1);
  });

  it('gives up after three looks, each after a longer pause', async () => {
    const { state, probe } = world([[check('source', 'transient'), check('target')]]);

    expect(await probe.probeDirectories(endpoint, undefined)).toMatchObject([{ result: 'fail' }, { result: 'pass' }]);
    expect(state.looks).toBe(3);
    expect(state.slept).toEqual([...state.slept].sort((a, b) => a - b));
  });

  it('does not look again after a look that took long: whoever asks waits for an answer', async () => {
    const { state, probe } = world([[check('source', 'transient')]], 15_000);

    await probe.probe(endpoint, {});
    expect(state.looks).toBe(1);
  });
});
