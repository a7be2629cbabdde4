import { Duration } from 'aws-cdk-lib';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import type { IBucket } from 'aws-cdk-lib/aws-s3';
import {
  Choice,
  Condition,
  DistributedMap,
  Fail,
  JsonPath,
  Pass,
  ResultWriterV2,
  S3JsonItemReader,
  StateMachineType,
  Succeed,
  TaskInput,
  Timeout,
  Wait,
  WaitTime,
} from 'aws-cdk-lib/aws-stepfunctions';
import type { IChainable, RetryProps } from 'aws-cdk-lib/aws-stepfunctions';
import { LambdaInvoke } from 'aws-cdk-lib/aws-stepfunctions-tasks';
import type { Construct } from 'constructs';
import { workerTimedOut } from '../../functions/middleware/worker-timed-out.ts';
import { settleLookSeconds } from '../../shared/domain/batch-life.ts';
import { errorNames } from '../../shared/domain/errors.ts';
import { maxSlicesPerChild, stateNames } from '../../shared/domain/workflow-steps.ts';

/** The functions that `migrate-batch` calls, by folder name under functions/; one a Task state. */
export const taskFunctions = [
  'find-where-the-batch-stands',
  'import-batch-file',
  'check-prerequisites',
  'prepare-round',
  'provision-mailbox',
  'forward-mail',
  'put-back-forwarding',
  'plan-round',
  'copy-slice',
  'review-round',
  'settle-batch',
  'write-reports',
  'send-mail',
  'rest-batch',
  'remove-batch',
  'record-failure',
] as const;
export type TaskFunction = (typeof taskFunctions)[number];

export function forEachTask<Value>(make: (name: TaskFunction) => Value): Record<TaskFunction, Value> {
  return Object.fromEntries(taskFunctions.map((name) => [name, make(name)])) as Record<TaskFunction, Value>;
}

/**
 * Lambda itself failed, not our code: 1, 2, 4, 8, 16, 32 s, together about a minute, which is what AWS names for
 * transient service exceptions (Step Functions guide, "Handle transient Lambda service exceptions").
 */
const serviceErrorRetry: RetryProps = {
  errors: [
    'Lambda.ServiceException',
    'Lambda.AWSLambdaException',
    'Lambda.SdkClientException',
    'Lambda.ClientExecutionTimeoutException',
  ],
  interval: Duration.seconds(1),
  backoffRate: 2,
  maxAttempts: 6,
};

/**
 * The account's Lambda concurrency is used up. 5, 10, 20, 40, then 60 s each: 12 attempts are about ten minutes, in which
 * some slice of up to 14 minutes is likely to have ended. A batch is in no hurry, so we wait rather than fail.
 */
const throttleRetry: RetryProps = {
  errors: ['Lambda.TooManyRequestsException'],
  interval: Duration.seconds(5),
  backoffRate: 2,
  maxDelay: Duration.seconds(60),
  maxAttempts: 12,
};

/**
 * The worker died: out of memory, timed out, crashed; Lambda reports these as Lambda.Unknown (Step Functions guide,
 * "Lambda.Unknown"), or under the name that the runtime gives it. 95 s is just past the lease of 90 s, so the next attempt
 * can have the pair. Six attempts see a page that kills its worker through: two as a page, three on the one item that
 * does it, one to go on.
 */
const lostWorkerRetry: RetryProps = {
  errors: [
    'Lambda.Unknown',
    'Sandbox.Timedout',
    'Runtime.ExitError',
    'Runtime.OutOfMemory',
    'States.Timeout',
    workerTimedOut,
  ],
  interval: Duration.seconds(95),
  backoffRate: 1,
  maxAttempts: 6,
};

/** The far side or the store had trouble: 15, 30, 60, 120, 240 s, together just under eight minutes. */
const transientRetry: RetryProps = {
  errors: [errorNames.transient],
  interval: Duration.seconds(15),
  backoffRate: 2,
  maxAttempts: 5,
};

/**
 * Reading the manifest or writing the results failed in S3: 30, 60, 120 s. The Map then begins again with the same
 * manifest, where children whose mailbox is done end at once.
 */
const mapRetry: RetryProps = {
  errors: ['States.ItemReaderFailed', 'States.ResultWriterFailed'],
  interval: Duration.seconds(30),
  backoffRate: 2,
  maxAttempts: 3,
};

/** Somebody else wrote first; whoever comes again reads what is there now. 1, 2, 4, 8, 16 s. */
const conflictRetry: RetryProps = {
  errors: [errorNames.conflict],
  interval: Duration.seconds(1),
  backoffRate: 2,
  maxAttempts: 5,
};

/**
 * A minute more than Lambda's longest invocation (15 min): ends the wait for an invocation whose answer was lost, and
 * never one that is still working.
 */
const taskTimeout = Timeout.duration(Duration.minutes(16));

export interface MigrateBatchStatesProps {
  readonly functions: Readonly<Record<TaskFunction, IFunction>>;
  /** Where the Map writes what its children returned; manifests name their bucket themselves. */
  readonly dataBucket: IBucket;
  /** Key prefix for the Map's results, below `work/`. */
  readonly resultPrefix: string;
}

/**
 * The states of `migrate-batch`, from "Find where the batch stands" to "The batch rests". The hub is one Choice: every
 * phase goes back to it, so that resuming, retrying and the next pass are all a new execution that enters in the middle.
 */
export function migrateBatchStates(scope: Construct, props: MigrateBatchStatesProps): IChainable {
  const failed = new Fail(scope, stateNames.failed, {
    error: 'BatchFailed',
    cause: 'The batch and its refused mail say why: stagecoach batch show',
  });
  const recordFailure = task(scope, stateNames.recordFailure, props.functions['record-failure']).next(failed);
  const phase = (name: string, handler: IFunction, payload?: TaskInput) => {
    const state = task(scope, name, handler, payload);
    // What the failed state got, with `error: { Error, Cause }` beside it.
    state.addCatch(recordFailure, { errors: ['States.ALL'], resultPath: '$.error' });
    return state;
  };

  const find = phase(stateNames.find, props.functions['find-where-the-batch-stands'], findInput);
  const read = phase(stateNames.read, props.functions['import-batch-file']);
  const check = phase(stateNames.check, props.functions['check-prerequisites']);
  const prepare = phase(stateNames.prepare, props.functions['prepare-round']);
  const mail1 = phase(stateNames.mail1, props.functions['send-mail'], mail1Input);
  const putBack = phase(stateNames.putBack, props.functions['put-back-forwarding']);
  const plan = phase(stateNames.plan, props.functions['plan-round']);
  const review = phase(stateNames.review, props.functions['review-round']);
  const report = phase(stateNames.report, props.functions['write-reports']);
  const settle = phase(stateNames.settle, props.functions['settle-batch']);
  const mail = phase(stateNames.mail, props.functions['send-mail'], closingMailInput);
  const remove = phase(stateNames.remove, props.functions['remove-batch']);
  const rest = phase(stateNames.rest, props.functions['rest-batch']);

  const mapOver = (map: DistributedMap) => {
    map.addRetry(mapRetry);
    map.addCatch(recordFailure, { errors: ['States.ALL'], resultPath: '$.error' });
    return map;
  };
  const synchronise = mapOver(synchroniseTheMailboxes(scope, props));
  const provision = mapOver(prepareTheMailboxes(scope, props, provisioning));
  const forward = mapOver(prepareTheMailboxes(scope, props, forwarding));

  const leave = new Succeed(scope, stateNames.leave);
  const whichPhase = new Choice(scope, stateNames.whichPhase)
    .when(Condition.stringEquals('$.next', 'read'), read)
    .when(Condition.stringEquals('$.next', 'check'), check)
    .when(Condition.stringEquals('$.next', 'prepare'), prepare)
    .when(Condition.stringEquals('$.next', 'synchronise'), plan)
    .when(Condition.stringEquals('$.next', 'settle'), settle)
    .when(Condition.stringEquals('$.next', 'put-back'), putBack)
    .when(Condition.stringEquals('$.next', 'report'), report)
    .when(Condition.stringEquals('$.next', 'rest'), rest)
    .when(Condition.stringEquals('$.next', 'remove'), remove)
    .when(Condition.stringEquals('$.next', 'leave'), leave)
    .otherwise(recordFailure);

  find.next(whichPhase);
  read.next(whichPhase);
  check.next(whichPhase);

  prepare.next(
    new Choice(scope, stateNames.whichStep)
      .when(Condition.stringEquals('$.step', 'provision'), provision)
      .when(Condition.stringEquals('$.step', 'forward'), forward)
      .when(
        Condition.stringEquals('$.step', 'wait'),
        new Wait(scope, stateNames.prepareWait, { time: WaitTime.secondsPath('$.waitSeconds') }).next(prepare),
      )
      .when(Condition.stringEquals('$.step', 'tell'), mail1)
      .otherwise(whichPhase),
  );
  provision.next(prepare);
  forward.next(prepare);
  mail1.next(prepare);
  /** Whoever is not through says so by its own phase, and is asked again. */
  const askUntilThrough = (state: LambdaInvoke, own: { phase: string; question: string; wait: string }) =>
    state.next(
      new Choice(scope, own.question)
        .when(Condition.stringEquals('$.next', own.phase), new Wait(scope, own.wait, { time: settleLook }).next(state))
        .otherwise(whichPhase),
    );
  askUntilThrough(putBack, { phase: 'put-back', question: stateNames.isPutBack, wait: stateNames.putBackWait });

  plan.next(
    new Choice(scope, stateNames.anyDue)
      .when(Condition.numberGreaterThan('$.due', 0), synchronise)
      .otherwise(whichPhase),
  );
  synchronise.next(review);
  review.next(
    new Choice(scope, stateNames.anotherRound)
      .when(Condition.stringEquals('$.next', 'synchronise'), plan)
      .otherwise(whichPhase),
  );
  askUntilThrough(settle, { phase: 'settle', question: stateNames.workerLeft, wait: stateNames.settleWait });
  askUntilThrough(remove, { phase: 'remove', question: stateNames.removed, wait: stateNames.removeWait });
  report.next(mail);
  mail.next(rest);
  return find;
}

/**
 * The execution's input, and who it is: the batch's run is taken in its name. `input` is passed whole because `upload`
 * is optional, and a path to a field that is not there fails the state.
 */
const findInput = TaskInput.fromObject({
  batch: JsonPath.stringAt('$.batch'),
  execution: JsonPath.stringAt('$$.Execution.Id'),
  input: JsonPath.objectAt('$'),
});

const position = {
  batch: JsonPath.stringAt('$.batch'),
  pass: JsonPath.stringAt('$.pass'),
  run: JsonPath.numberAt('$.run'),
  next: JsonPath.stringAt('$.next'),
  reason: JsonPath.stringAt('$.reason'),
  mail: JsonPath.stringAt('$.mail'),
};

/** Which mail the run ends with is decided where the workers are seen to be gone. */
const closingMailInput = TaskInput.fromObject({ ...position, kind: position.mail });

/** The *prepared* mail comes in the middle of a run, whatever mail the run will end with. */
const mail1Input = TaskInput.fromObject({ ...position, kind: 'prepared' });

const settleLook = WaitTime.duration(Duration.seconds(settleLookSeconds));

/** What every Map has: a child for each entry of the manifest, N at a time, whose results nobody reads here. */
function overTheManifest({ dataBucket, resultPrefix }: Pick<MigrateBatchStatesProps, 'dataBucket' | 'resultPrefix'>) {
  return {
    mapExecutionType: StateMachineType.STANDARD,
    itemReader: new S3JsonItemReader({
      bucketNamePath: JsonPath.stringAt('$.manifest.bucket'),
      key: JsonPath.stringAt('$.manifest.key'),
    }),
    maxConcurrencyPath: '$.concurrency',
    // A failed child is a fact in the table, which the next state reads; it must not take the other children with it.
    toleratedFailurePercentage: 100,
    resultWriterV2: new ResultWriterV2({ bucket: dataBucket, prefix: resultPrefix }),
    // The results of 50,000 children would not fit into a state's 256 KiB; the table knows them anyway.
    resultPath: JsonPath.DISCARD,
  };
}

function synchroniseTheMailboxes(scope: Construct, props: MigrateBatchStatesProps): DistributedMap {
  const map = new DistributedMap(scope, stateNames.synchronise, {
    ...overTheManifest(props),
    label: 'mailboxes',
    // The mailbox first: it is what operators see in the list of children.
    itemSelector: {
      mailbox: JsonPath.stringAt('$$.Map.Item.Value.mailbox'),
      row: JsonPath.numberAt('$$.Map.Item.Value.row'),
      batch: JsonPath.stringAt('$.batch'),
      pass: JsonPath.stringAt('$.pass'),
      run: JsonPath.numberAt('$.run'),
      slice: 1,
      waits: 0,
    },
  });
  return map.itemProcessor(copyOneMailbox(scope, props.functions['copy-slice']));
}

interface PrepareMap {
  readonly map: string;
  /** Begins the names of the Map's children, which the machine's role may start by name alone. */
  readonly label: string;
  readonly one: string;
  readonly handler: TaskFunction;
  readonly done: string;
  readonly lost: string;
}

const provisioning: PrepareMap = {
  map: stateNames.provision,
  label: 'provision',
  one: stateNames.provisionOne,
  handler: 'provision-mailbox',
  done: stateNames.provisioned,
  lost: stateNames.provisionLost,
};

const forwarding: PrepareMap = {
  map: stateNames.forward,
  label: 'forward',
  one: stateNames.forwardOne,
  handler: 'forward-mail',
  done: stateNames.forwarded,
  lost: stateNames.forwardLost,
};

/** One step of the preparation over a manifest: no child waits, so that N of them get through all mailboxes. */
function prepareTheMailboxes(scope: Construct, props: MigrateBatchStatesProps, names: PrepareMap): DistributedMap {
  const map = new DistributedMap(scope, names.map, {
    ...overTheManifest(props),
    label: names.label,
    itemSelector: {
      mailbox: JsonPath.stringAt('$$.Map.Item.Value.mailbox'),
      row: JsonPath.numberAt('$$.Map.Item.Value.row'),
      batch: JsonPath.stringAt('$.batch'),
      run: JsonPath.numberAt('$.run'),
    },
  });
  const one = new LambdaInvoke(scope, names.one, {
    lambdaFunction: props.functions[names.handler],
    payloadResponseOnly: true,
    retryOnServiceExceptions: false,
    taskTimeout,
  });
  for (const retry of [serviceErrorRetry, throttleRetry, lostWorkerRetry]) one.addRetry(retry);
  // What there is to know stands in the table, which the next look reads.
  const lost = new Pass(scope, names.lost, {
    parameters: {
      mailbox: JsonPath.stringAt('$.mailbox'),
      row: JsonPath.numberAt('$.row'),
      batch: JsonPath.stringAt('$.batch'),
      outcome: 'unfinished',
      error: JsonPath.stringAt('$.error.Error'),
    },
  });
  one.addCatch(lost, { errors: ['States.ALL'], resultPath: '$.error' });
  return map.itemProcessor(one.next(new Pass(scope, names.done)));
}

/** A child: slice after slice, until the mailbox rests. It never fails: what went wrong is in the table. */
function copyOneMailbox(scope: Construct, copySlice: IFunction): IChainable {
  const slice = new LambdaInvoke(scope, stateNames.slice, {
    lambdaFunction: copySlice,
    payloadResponseOnly: true,
    retryOnServiceExceptions: false,
    taskTimeout,
  });
  for (const retry of [serviceErrorRetry, throttleRetry, lostWorkerRetry]) slice.addRetry(retry);

  const rests = new Pass(scope, stateNames.childDone, {
    parameters: {
      mailbox: JsonPath.stringAt('$.mailbox'),
      status: JsonPath.stringAt('$.status'),
      reason: JsonPath.stringAt('$.reason'),
      items: JsonPath.numberAt('$.items'),
      bytes: JsonPath.numberAt('$.bytes'),
      slice: JsonPath.numberAt('$.slice'),
      outcome: JsonPath.stringAt('$.outcome'),
    },
  });
  const lost = new Pass(scope, stateNames.childLost, {
    parameters: {
      mailbox: JsonPath.stringAt('$.mailbox'),
      row: JsonPath.numberAt('$.row'),
      batch: JsonPath.stringAt('$.batch'),
      slice: JsonPath.numberAt('$.slice'),
      outcome: 'unfinished',
      error: JsonPath.stringAt('$.error.Error'),
    },
  });
  slice.addCatch(lost, { errors: ['States.ALL'], resultPath: '$.error' });

  // An execution holds 25,000 events (Step Functions quotas). A loop with a wait has 9 (task 5, choice 2, wait 2), a
  // retried attempt 3 more: 1,000 loops leave room for more than 5,000 retries. The next round goes on from the cursor.
  const outcome = new Choice(scope, stateNames.sliceOutcome)
    .when(Condition.numberGreaterThan('$.slice', maxSlicesPerChild), rests)
    .when(Condition.stringEquals('$.outcome', 'more'), slice)
    .when(
      Condition.stringEquals('$.outcome', 'waiting'),
      new Wait(scope, stateNames.wait, { time: WaitTime.secondsPath('$.waitSeconds') }).next(slice),
    )
    .otherwise(rests);
  return slice.next(outcome);
}

function task(scope: Construct, name: string, lambdaFunction: IFunction, payload?: TaskInput): LambdaInvoke {
  const state = new LambdaInvoke(scope, name, {
    lambdaFunction,
    payloadResponseOnly: true,
    retryOnServiceExceptions: false,
    taskTimeout,
    ...(payload === undefined ? {} : { payload }),
  });
  for (const retry of [serviceErrorRetry, throttleRetry, lostWorkerRetry, transientRetry, conflictRetry]) {
    state.addRetry(retry);
  }
  return state;
}
