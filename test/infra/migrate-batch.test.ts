/* eslint-disable @typescript-eslint/no-explicit-any --
   a template is JSON that nobody typed, and each test says what it expects of it */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { describe, expect, it } from '@jest/globals';
import { migrateBatchDefinition } from '../../infra/constructs/migrate-batch-definition.ts';
import { taskFunctions } from '../../infra/constructs/migrate-batch-states.ts';
import { featureFlags } from '../../infra/feature-flags.ts';
import { errorNames } from '../../shared/domain/errors.ts';
import { maxSlicesPerChild, stateNames } from '../../shared/domain/workflow-steps.ts';
import { cdkJson, only, synthesized } from './support/deployment.ts';

interface State {
  readonly Type: string;
  readonly [field: string]: any;
}
interface Definition {
  readonly StartAt: string;
  readonly States: Readonly<Record<string, State>>;
}
const validate = createRequire(import.meta.url)('asl-validator') as (
  definition: object,
  options?: { checkArn: boolean },
) => { readonly isValid: boolean; readonly errorsText: (separator: string) => string };

const definition = migrateBatchDefinition() as Definition;
const map = definition.States[stateNames.synchronise]!;
const child = map['ItemProcessor'] as Definition;
const parentTasks = Object.entries(definition.States).filter(([, state]) => state.Type === 'Task');
const secondsOf = (retry: Record<string, any>): readonly number[] =>
  Array.from({ length: retry['MaxAttempts'] as number }, (_, attempt) =>
    Math.min(
      (retry['IntervalSeconds'] as number) * (retry['BackoffRate'] as number) ** attempt,
      (retry['MaxDelaySeconds'] as number | undefined) ?? Infinity,
    ),
  );
const retryFor = (state: State, error: string) =>
  (state['Retry'] as Record<string, any>[]).find((retry) => (retry['ErrorEquals'] as string[]).includes(error));

/** The deployed text, with something in place of what only CloudFormation knows. */
function deployedDefinition(): Definition {
  const machine = only(synthesized().service, 'AWS::StepFunctions::StateMachine');
  const parts = machine.Properties['DefinitionString']['Fn::Join'][1] as unknown[];
  const text = parts
    .map((part) => (typeof part === 'string' ? part : placeholder(part as Record<string, any>)))
    .join('');
  return JSON.parse(text) as Definition;
}
function placeholder(part: Record<string, any>): string {
  if ('Fn::GetAtt' in part) return `arn:aws:lambda:eu-central-1:111122223333:function:${String(part['Fn::GetAtt'][0])}`;
  return part['Ref'] === 'AWS::Partition' ? 'aws' : 'a-bucket';
}

describe('migrate-batch', () => {
  it('is valid Amazon States Language, as deployed and as the embedded service gets it', () => {
    for (const [each, options] of [
      [deployedDefinition(), { checkArn: true }],
      [definition, { checkArn: false }],
    ] as const) {
      const result = validate(each, options);
      expect(result.isValid ? '' : result.errorsText('\n')).toBe('');
    }
  });

  it('has the same states for the embedded service as on AWS', () => {
    const names = (one: Definition): readonly string[] =>
      Object.entries(one.States).flatMap(([name, state]) => [
        name,
        ...(state['ItemProcessor'] === undefined ? [] : names(state['ItemProcessor'] as Definition)),
      ]);

    expect(names(definition).toSorted()).toEqual(names(deployedDefinition()).toSorted());
    expect(names(definition).toSorted()).toEqual(Object.values(stateNames).toSorted());
  });

  it('calls functions that exist, each from one state but for the one that mails', () => {
    const children = [stateNames.synchronise, stateNames.provision, stateNames.forward].flatMap((name) =>
      Object.values((definition.States[name]!['ItemProcessor'] as Definition).States),
    );
    const tasks = [...parentTasks.map(([, state]) => state), ...children].filter(({ Type: type }) => type === 'Task');
    const called = tasks.map((state) => /^function:(.+)$/.exec(state['Resource'] as string)![1]!);

    expect(called.toSorted()).toEqual([...taskFunctions, 'send-mail'].toSorted());
    for (const name of called) expect(existsSync(`functions/${name}/handler.ts`)).toBe(true);
  });

  it('uses Lambda tasks, JSONPath and no other service', () => {
    const text = JSON.stringify(definition);

    expect(text).not.toMatch(/JSONata|\{%/);
    const services = [...text.matchAll(/arn:aws:states:::([a-zA-Z0-9:]+)/g)].map(([, service]) => service);
    expect([...new Set(services)]).toEqual(['s3:getObject', 's3:putObject']);
  });

  it('is built with the feature flags of cdk.json', () => {
    expect(cdkJson.context).toMatchObject(featureFlags);
  });
});

describe('the parent', () => {
  it('finds out where the batch stands first, whatever it was started for', () => {
    expect(definition.StartAt).toBe(stateNames.find);
    expect(definition.States[stateNames.find]!['Parameters']).toEqual({
      'batch.$': '$.batch',
      'execution.$': '$$.Execution.Id',
      'input.$': '$',
    });
  });

  it('enters any phase from one Choice, and fails where the phase is none of them', () => {
    const choice = definition.States[stateNames.whichPhase]!;
    const entries = (choice['Choices'] as Record<string, string>[]).map((rule) => [rule['StringEquals'], rule['Next']]);

    expect(Object.fromEntries(entries)).toEqual({
      read: stateNames.read,
      check: stateNames.check,
      prepare: stateNames.prepare,
      synchronise: stateNames.plan,
      'put-back': stateNames.putBack,
      settle: stateNames.settle,
      report: stateNames.report,
      rest: stateNames.rest,
      remove: stateNames.remove,
      leave: stateNames.leave,
    });
    expect(choice['Default']).toBe(stateNames.recordFailure);
  });

  it('goes from rounds to reports, the mail and rest', () => {
    const next = (name: string) => definition.States[name]!['Next'] as unknown;

    expect(next(stateNames.plan)).toBe(stateNames.anyDue);
    expect(definition.States[stateNames.anyDue]).toMatchObject({
      Choices: [{ Variable: '$.due', NumericGreaterThan: 0, Next: stateNames.synchronise }],
      Default: stateNames.whichPhase,
    });
    expect(next(stateNames.synchronise)).toBe(stateNames.review);
    expect(next(stateNames.review)).toBe(stateNames.anotherRound);
    expect(next(stateNames.settle)).toBe(stateNames.workerLeft);
    expect(definition.States[stateNames.workerLeft]).toMatchObject({
      Choices: [{ Variable: '$.next', StringEquals: 'settle', Next: stateNames.settleWait }],
      Default: stateNames.whichPhase,
    });
    expect(definition.States[stateNames.settleWait]).toMatchObject({ Seconds: 15, Next: stateNames.settle });
    expect(next(stateNames.report)).toBe(stateNames.mail);
    expect(next(stateNames.mail)).toBe(stateNames.rest);
    expect(definition.States[stateNames.rest]!['End']).toBe(true);
  });

  it('prepares by steps until there are none left: Maps without waits, one wait for all, and mail 1 in between', () => {
    const next = (name: string) => definition.States[name]!['Next'] as unknown;

    expect(next(stateNames.prepare)).toBe(stateNames.whichStep);
    expect(definition.States[stateNames.whichStep]).toMatchObject({
      Choices: [
        { Variable: '$.step', StringEquals: 'provision', Next: stateNames.provision },
        { Variable: '$.step', StringEquals: 'forward', Next: stateNames.forward },
        { Variable: '$.step', StringEquals: 'wait', Next: stateNames.prepareWait },
        { Variable: '$.step', StringEquals: 'tell', Next: stateNames.mail1 },
      ],
      Default: stateNames.whichPhase,
    });
    for (const name of [stateNames.provision, stateNames.forward, stateNames.prepareWait, stateNames.mail1])
      expect(next(name)).toBe(stateNames.prepare);
    expect(definition.States[stateNames.prepareWait]!['SecondsPath']).toBe('$.waitSeconds');
    expect(definition.States[stateNames.mail1]!['Parameters']).toMatchObject({ kind: 'prepared' });
  });

  it('puts forwarding back in as many goes as it takes', () => {
    expect(definition.States[stateNames.putBack]!['Next']).toBe(stateNames.isPutBack);
    expect(definition.States[stateNames.isPutBack]).toMatchObject({
      Choices: [{ Variable: '$.next', StringEquals: 'put-back', Next: stateNames.putBackWait }],
      Default: stateNames.whichPhase,
    });
  });

  it('records why it could not go on, whichever state fails', () => {
    const failing = Object.entries(definition.States).filter(
      ([name, { Type: type }]) => ['Task', 'Map'].includes(type) && name !== stateNames.recordFailure,
    );

    expect(failing).toHaveLength(16);
    for (const [, state] of failing) {
      expect(state['Catch']).toEqual([
        { ErrorEquals: ['States.ALL'], ResultPath: '$.error', Next: stateNames.recordFailure },
      ]);
    }
  });

  it.each(parentTasks)('%s tries again: what Lambda lost, what will pass, what somebody else wrote', (_name, state) => {
    expect(secondsOf(retryFor(state, 'Lambda.ServiceException')!)).toEqual([1, 2, 4, 8, 16, 32]);
    expect(secondsOf(retryFor(state, 'Lambda.TooManyRequestsException')!)).toEqual([
      5, 10, 20, 40, 60, 60, 60, 60, 60, 60, 60, 60,
    ]);
    expect(secondsOf(retryFor(state, 'Lambda.Unknown')!)).toEqual([95, 95, 95, 95, 95, 95]);
    expect(secondsOf(retryFor(state, errorNames.transient)!)).toEqual([15, 30, 60, 120, 240]);
    expect(secondsOf(retryFor(state, errorNames.conflict)!)).toEqual([1, 2, 4, 8, 16]);
    for (const name of [errorNames.configuration, errorNames.mailboxBlocked, errorNames.itemRefused, 'States.ALL']) {
      expect(retryFor(state, name)).toBeUndefined();
    }
  });
});

describe('every Map', () => {
  const maps = (one: Definition): readonly State[] =>
    Object.values(one.States).flatMap((state) =>
      state.Type === 'Map' ? [state, ...maps(state['ItemProcessor'] as Definition)] : [],
    );

  it.each(maps(definition).map((state) => [state['Label'] as string, state] as const))(
    '%s is distributed, capped by a path, writes its results to S3 and passes none on',
    (_label, state) => {
      expect(state['ItemProcessor'].ProcessorConfig).toEqual({ Mode: 'DISTRIBUTED', ExecutionType: 'STANDARD' });
      expect(state['MaxConcurrencyPath']).toMatch(/^\$\./);
      expect(state['MaxConcurrency']).toBeUndefined();
      expect(state['ResultWriter'].Parameters).toEqual({ Bucket: 'stagecoach-data', Prefix: 'work/_map-results' });
      expect(state['ResultPath']).toBeNull();
      expect(state['ToleratedFailurePercentage']).toBe(100);
      expect(state['ItemReader']).toMatchObject({
        ReaderConfig: { InputType: 'JSON' },
        Parameters: { 'Bucket.$': '$.manifest.bucket', 'Key.$': '$.manifest.key' },
      });
    },
  );
});

describe('a child that prepares', () => {
  it.each([
    [stateNames.provision, stateNames.provisionOne, stateNames.provisionLost],
    [stateNames.forward, stateNames.forwardOne, stateNames.forwardLost],
  ])('in "%s" takes one step and never fails', (mapName, one, lost) => {
    const { States: states, StartAt: first } = definition.States[mapName]!['ItemProcessor'] as Definition;

    expect(first).toBe(one);
    expect(states[one]!['Catch']).toEqual([{ ErrorEquals: ['States.ALL'], ResultPath: '$.error', Next: lost }]);
    expect(retryFor(states[one]!, 'Lambda.Unknown')).toBeDefined();
    for (const name of Object.values(errorNames)) expect(retryFor(states[one]!, name)).toBeUndefined();
    expect(Object.values(states).filter(({ Type: type }) => ['Fail', 'Wait'].includes(type))).toEqual([]);
  });
});

describe('a child', () => {
  const slice = child.States[stateNames.slice]!;

  it('goes on while there is more, waits as long as it is told, and rests otherwise', () => {
    expect(child.StartAt).toBe(stateNames.slice);
    expect(child.States[stateNames.sliceOutcome]).toMatchObject({
      Type: 'Choice',
      Choices: [
        { Variable: '$.slice', NumericGreaterThan: maxSlicesPerChild, Next: stateNames.childDone },
        { Variable: '$.outcome', StringEquals: 'more', Next: stateNames.slice },
        { Variable: '$.outcome', StringEquals: 'waiting', Next: stateNames.wait },
      ],
      Default: stateNames.childDone,
    });
    expect(child.States[stateNames.wait]).toMatchObject({
      Type: 'Wait',
      SecondsPath: '$.waitSeconds',
      Next: stateNames.slice,
    });
  });

  it('stays below the 25,000 events of an execution: 9 a loop, 3 more an attempt, with every loop retried five times', () => {
    expect(maxSlicesPerChild * (9 + 5 * 3)).toBeLessThan(25_000);
  });

  it('never fails: a lost worker is left to the review', () => {
    expect(slice['Catch']).toEqual([
      { ErrorEquals: ['States.ALL'], ResultPath: '$.error', Next: stateNames.childLost },
    ]);
    expect(child.States[stateNames.childLost]!['End']).toBe(true);
    expect(Object.values(child.States).filter(({ Type: type }) => type === 'Fail')).toEqual([]);
  });

  it('tries a lost worker again only after its lease of 90 s, often enough for an item that stops workers to be found', () => {
    const seconds = secondsOf(retryFor(slice, 'Lambda.Unknown')!);

    expect(Math.min(...seconds)).toBeGreaterThan(90);
    expect(seconds.length).toBeGreaterThanOrEqual(2 + 3 + 1);
    for (const name of ['WorkerTimedOut', 'Runtime.ExitError', 'Runtime.OutOfMemory', 'States.Timeout'])
      expect(retryFor(slice, name)).toBe(retryFor(slice, 'Lambda.Unknown'));
    for (const name of Object.values(errorNames)) expect(retryFor(slice, name)).toBeUndefined();
  });
});
