import { InvalidArgumentError } from 'commander';
import type { Command } from 'commander';

/** What every command that reaches a service may be told. */
export interface CommonOptions {
  readonly data: string;
  readonly url?: string;
  /** Asks the deployment on AWS whose service stack has the name `stack`. */
  readonly aws?: true;
  readonly stack: string;
  readonly json?: true;
}

/** Options of a batch as written: `--option KEY=VALUE`, later ones win. */
export type WrittenOptions = Readonly<Record<string, string>>;

export interface EndpointTestFlags {
  /** A mailbox with which an administrator's sign-in is tried. */
  readonly mailbox?: string;
}
export interface BatchOptionFlags {
  readonly notify?: string;
  readonly option: WrittenOptions;
}
export interface CreateFlags {
  readonly endpoint: string;
  readonly csv?: string;
  readonly start: boolean;
}

/** What a verb is about. */
export interface VerbFlags extends CommonOptions {
  /** Addresses; absent: the whole batch. */
  readonly mailbox?: readonly string[];
}
export interface StartFlags extends VerbFlags {
  readonly override?: readonly string[];
  readonly why?: string;
}
export interface ConvertFlags extends VerbFlags {
  readonly apply?: true;
  readonly revert?: true;
  readonly early?: string;
}
export interface RetryFlags extends VerbFlags {
  readonly code?: string;
  readonly items?: true;
  readonly doubtful?: true;
  readonly option: WrittenOptions;
}

export function reaching(command: Command): Command {
  return command
    .option('--data <dir>', 'data folder', './data')
    .option('--url <url>', 'a service elsewhere; its token is in STAGECOACH_TOKEN, else in the data folder')
    .option('--aws', 'asks the deployment on AWS, with the credentials that AWS tools find')
    .option('--stack <name>', 'service stack of that deployment', 'stagecoach')
    .option('--json', 'one JSON document on stdout');
}

export function batchOptions(command: Command): Command {
  return withOptions(command).option('--notify <addresses>', 'who gets the mails, separated by commas');
}

export function withOptions(command: Command): Command {
  return command.option('--option <key=value>', 'an option (may be repeated)', collectOption, {});
}

function collectOption(written: string, before: WrittenOptions): WrittenOptions {
  const equals = written.indexOf('=');
  if (equals < 1) throw new InvalidArgumentError('An option is written KEY=VALUE.');
  return { ...before, [written.slice(0, equals)]: written.slice(equals + 1) };
}

/** Of a batch's verbs: all of them work on single mailboxes, too. */
export function onMailboxes(command: Command): Command {
  return reaching(command).option('--mailbox <address...>', 'only these mailboxes of the batch');
}
