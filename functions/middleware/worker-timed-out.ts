/**
 * Name of the error with which an invocation ends itself shortly before Lambda would kill it. The state machine treats
 * it as a lost worker.
 */
export const workerTimedOut = 'WorkerTimedOut';
