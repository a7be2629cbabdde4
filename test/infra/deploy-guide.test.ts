import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { makeProgram } from '../../cli/program.ts';
import { DeploymentConfig } from '../../infra/config.ts';
import { routes } from '../../shared/contract/routes.ts';
import { synthesized } from './support/deployment.ts';

const guide = readFileSync('docs/deploy.md', 'utf8');
const jsonBlocks = [...guide.matchAll(/^ *```json\n(?<text>[^]*?)^ *```/gm)].map(
  ({ groups }) => JSON.parse(groups!['text']!) as Record<string, unknown>,
);

const { outputs } = synthesized();

describe('the guide to deploying', () => {
  it('shows a deployment that is one', () => {
    expect(DeploymentConfig.safeParse(jsonBlocks[0]).error).toBeUndefined();
  });

  it('explains every field of a deployment', () => {
    for (const field of Object.keys(DeploymentConfig.shape)) {
      expect(guide).toMatch(new RegExp(`^ *\\|[^|]*\`${field}(\`|\\.)`, 'm'));
    }
  });

  it('shows a policy for who may ask, which covers every route', () => {
    const { Statement: statements } = jsonBlocks.find((each) => 'Statement' in each) as {
      Statement: { Action: string; Resource: string }[];
    };

    expect(statements.map(({ Action: action }) => action)).toEqual([
      'execute-api:Invoke',
      'cloudformation:DescribeStacks',
    ]);
    expect(statements[0]!.Resource).toMatch(/API_ID\/\$default\/\*\/api\/\*$/);
    for (const { path } of Object.values(routes)) expect(path).toMatch(/^\/api\//);
  });

  it('names outputs that there are', () => {
    expect(outputs).toHaveProperty('Api');
    expect(outputs).toHaveProperty('MailAddress');
    for (const output of ['`Api`', '`MailAddress`']) expect(guide).toContain(output);
  });

  it('shows commands that there are, with flags that they take', () => {
    const commands = [...guide.matchAll(/^ *npx stagecoach (?<command>.+)$/gm)].map(
      ({ groups }) => groups!['command']!,
    );

    expect(commands.length).toBeGreaterThan(2);
    for (const command of commands) {
      const [group, verb] = command.split(' ');
      const found = makeProgram()
        .commands.find((each) => each.name() === group)
        ?.commands.find((each) => each.name() === verb);
      const flags = [...command.matchAll(/ (--[a-z-]+)/g)].map(([, flag]) => flag);
      expect(found?.options.map(({ long }) => long)).toEqual(expect.arrayContaining(flags));
    }
  });
});
