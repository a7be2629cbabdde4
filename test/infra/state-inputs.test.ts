/* eslint-disable @typescript-eslint/no-explicit-any --
   a template is JSON that nobody typed, and each test says what it expects of it */
import { describe, expect, it } from '@jest/globals';
import type { z } from 'zod';
import { migrateBatchDefinition } from '../../infra/constructs/migrate-batch-definition.ts';
import {
  BatchPosition,
  ManifestEntry,
  MigrateBatchInput,
  PreparationStep,
  PrepareInput,
  PrepareOutput,
  RoundPlan,
  SliceInput,
  SliceOutput,
  stateNames,
} from '../../shared/domain/workflow-steps.ts';

const definition = migrateBatchDefinition() as { readonly States: Record<string, Record<string, any>> };
const fields = (schema: z.ZodObject): readonly string[] => Object.keys(schema.shape);
const written = (fieldsWithPaths: object): readonly string[] =>
  Object.keys(fieldsWithPaths).map((name) => name.replace(/\.\$$/, ''));
const map = definition.States[stateNames.synchronise]!;
const childState = (name: string) => map['ItemProcessor'].States[name] as Record<string, any>;

/** What operators see at each state, and all that travels: what goes in, what comes out. */
const seen = {
  execution: { in: fields(MigrateBatchInput), out: fields(BatchPosition) },
  [stateNames.find]: {
    in: written(definition.States[stateNames.find]!['Parameters'] as object),
    out: fields(BatchPosition),
  },
  [stateNames.read]: { in: fields(BatchPosition), out: fields(BatchPosition) },
  [stateNames.check]: { in: fields(BatchPosition), out: fields(BatchPosition) },
  [stateNames.prepare]: { in: fields(BatchPosition), out: fields(PreparationStep) },
  [stateNames.provisionOne]: {
    in: written(definition.States[stateNames.provision]!['ItemSelector'] as object),
    out: fields(PrepareOutput),
  },
  [stateNames.forwardOne]: {
    in: written(definition.States[stateNames.forward]!['ItemSelector'] as object),
    out: fields(PrepareOutput),
  },
  [stateNames.mail1]: {
    in: written(definition.States[stateNames.mail1]!['Parameters'] as object),
    out: fields(BatchPosition),
  },
  [stateNames.putBack]: { in: fields(BatchPosition), out: fields(BatchPosition) },
  [stateNames.plan]: { in: fields(BatchPosition), out: fields(RoundPlan) },
  [stateNames.synchronise]: { in: fields(RoundPlan), out: fields(RoundPlan) },
  manifest: { in: fields(ManifestEntry), out: fields(ManifestEntry) },
  child: {
    in: written(map['ItemSelector'] as object),
    out: written(childState(stateNames.childDone)['Parameters'] as object),
  },
  [stateNames.slice]: { in: fields(SliceInput), out: fields(SliceOutput) },
  [stateNames.childLost]: {
    in: fields(SliceInput),
    out: written(childState(stateNames.childLost)['Parameters'] as object),
  },
  [stateNames.review]: { in: fields(RoundPlan), out: fields(BatchPosition) },
  [stateNames.settle]: { in: fields(BatchPosition), out: fields(BatchPosition) },
  [stateNames.remove]: { in: fields(BatchPosition), out: fields(BatchPosition) },
  [stateNames.report]: { in: fields(BatchPosition), out: fields(BatchPosition) },
  [stateNames.mail]: {
    in: written(definition.States[stateNames.mail]!['Parameters'] as object),
    out: fields(BatchPosition),
  },
  [stateNames.rest]: { in: fields(BatchPosition), out: fields(BatchPosition) },
};

describe('what travels between the states', () => {
  it('is this and no more', () => {
    const position = ['batch', 'pass', 'run', 'next', 'reason', 'mail'];
    const plan = [...position, 'round', 'due', 'concurrency', 'manifest'];
    const slice = ['mailbox', 'row', 'batch', 'pass', 'run', 'slice', 'waits'];
    const prepareInput = ['mailbox', 'row', 'batch', 'run'];

    expect(seen).toEqual({
      execution: { in: ['batch', 'pass', 'upload'], out: position },
      'Find where the batch stands': { in: ['batch', 'execution', 'input'], out: position },
      'Read the batch file': { in: position, out: position },
      'Check the prerequisites': { in: position, out: position },
      'See how far the preparation is': { in: position, out: [...plan, 'step', 'waitSeconds'] },
      'Provision a target mailbox': { in: prepareInput, out: ['mailbox', 'outcome', 'status', 'reason'] },
      'Forward the mail of a mailbox': { in: prepareInput, out: ['mailbox', 'outcome', 'status', 'reason'] },
      'Send mail 1': { in: [...position, 'kind'], out: position },
      'Put forwarding back': { in: position, out: position },
      'List the mailboxes that are due': { in: position, out: plan },
      'Synchronise the mailboxes': { in: plan, out: plan },
      manifest: { in: ['mailbox', 'row'], out: ['mailbox', 'row'] },
      child: { in: slice, out: ['mailbox', 'status', 'reason', 'items', 'bytes', 'slice', 'outcome'] },
      'Copy a slice of the mailbox': {
        in: slice,
        out: [...slice, 'outcome', 'status', 'reason', 'items', 'bytes', 'waitSeconds'],
      },
      'The worker was lost': { in: slice, out: ['mailbox', 'row', 'batch', 'slice', 'outcome', 'error'] },
      'Who is unfinished?': { in: plan, out: position },
      'Write the reports': { in: position, out: position },
      'See that no worker is left': { in: position, out: position },
      'Delete what is left of the batch': { in: position, out: position },
      'Send the status mail': { in: [...position, 'kind'], out: position },
      'The batch rests': { in: position, out: position },
    });
  });

  it.each(Object.entries(seen))(
    '%s holds no password, no secret and few fields',
    (_state, { in: input, out: output }) => {
      for (const names of [input, output]) {
        expect(names.filter((name) => /pass(word|phrase|wd)|secret|token|credential|user/i.test(name))).toEqual([]);
        expect(names.length).toBeLessThanOrEqual(13);
      }
    },
  );

  it('begins with the batch, and in a child with the mailbox', () => {
    const children: readonly string[] = [
      ...['manifest', 'child', stateNames.slice, stateNames.childLost],
      ...[stateNames.provisionOne, stateNames.forwardOne],
    ];

    for (const [state, { in: input, out: output }] of Object.entries(seen)) {
      expect([input[0], output[0]]).toEqual(children.includes(state) ? ['mailbox', 'mailbox'] : ['batch', 'batch']);
    }
  });

  it('takes from each state only what the one before gives', () => {
    const paths = (fieldsWithPaths: object) =>
      Object.values(fieldsWithPaths)
        .filter((path): path is string => typeof path === 'string' && /^\$\.\w/.test(path))
        .map((path) => path.slice(2).split('.')[0]!);

    expect(fields(BatchPosition)).toEqual(
      expect.arrayContaining(paths(definition.States[stateNames.mail]!['Parameters'] as object)),
    );
    expect(fields(RoundPlan)).toEqual(expect.arrayContaining(paths(map['ItemSelector'] as object)));
    expect(fields(SliceOutput)).toEqual(
      expect.arrayContaining(paths(childState(stateNames.childDone)['Parameters'] as object)),
    );
    // The worker that was lost gave nothing: all there is are its input and the error.
    expect([...fields(SliceInput), 'error']).toEqual(
      expect.arrayContaining(paths(childState(stateNames.childLost)['Parameters'] as object)),
    );
    expect(fields(SliceInput)).toEqual(written(map['ItemSelector'] as object));
    expect(fields(PrepareInput)).toEqual(seen[stateNames.provisionOne].in);
  });
});
