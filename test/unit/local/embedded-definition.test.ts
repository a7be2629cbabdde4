import { describe, expect, it } from '@jest/globals';
import {
  embeddedDefinition,
  manifestStates,
  readSynthesizedDefinition,
  tasksOf,
} from '../../../local/workflow/embedded-definition.ts';
import { workflowTasks } from '../../../local/tasks.ts';
import { stateNames } from '../../../shared/domain/workflow-steps.ts';

const synthesized = await readSynthesizedDefinition();
const embedded = embeddedDefinition(synthesized);

describe('the state machine of the embedded service', () => {
  it('has a function for every task of the synthesized one, and no other', () => {
    const services = () => {
      throw new Error('not called');
    };

    expect(Object.keys(workflowTasks(services)).sort()).toEqual([...new Set(tasksOf(synthesized).values())].sort());
  });

  it('has the same states in the same order', () => {
    expect(Object.keys(embedded.States)).toEqual(Object.keys(synthesized.States));
    expect(embedded.StartAt).toBe(stateNames.find);
    for (const name of manifestStates) expect(embedded.States[name]?.Type).toBe('Task');
  });

  it('changes nothing but what the interpreter does not know', () => {
    for (const [name, state] of Object.entries(synthesized.States)) {
      if (state.Type === 'Map') continue;
      expect({ ...embedded.States[name], TimeoutSeconds: 0 }).toEqual({ ...state, TimeoutSeconds: 0 });
    }
    const fields = Object.keys(embedded.States[stateNames.synchronise] ?? {});
    expect(fields.filter((field) => /ItemReader|ResultWriter|ToleratedFailure|Label/.test(field))).toEqual([]);
    expect(embedded.States[stateNames.synchronise]?.ItemProcessor).not.toHaveProperty('ProcessorConfig');
    expect(embedded.States[stateNames.synchronise]).toMatchObject({
      ItemsPath: '$.items',
      // The runner lets in as many of them as the plan says.
      MaxConcurrency: 100,
      ResultPath: null,
    });
    expect(fields).not.toContain('MaxConcurrencyPath');
  });

  it('never ends a task by time: a page may take as long as its server does', () => {
    const tasks = Object.values(embedded.States).filter(({ Type }) => Type === 'Task');

    for (const task of tasks) expect(task['TimeoutSeconds']).toBeGreaterThan(2_000_000);
  });
});
