import type { BatchWorld } from './batch-world.ts';

/** From now on, tells how many mailbox jobs a piece of work reads by going through a batch. */
export function countedWalks(
  world: BatchWorld,
): (work: (services: BatchWorld['services']) => Promise<unknown>) => Promise<number> {
  const { store } = world.services;
  const walked = { jobs: 0 };
  world.watch({
    jobs: async function* (...asked) {
      for await (const job of store.jobs(...asked)) {
        walked.jobs += 1;
        yield job;
      }
    },
  });
  return async (work) => {
    walked.jobs = 0;
    await work(world.services);
    return walked.jobs;
  };
}
