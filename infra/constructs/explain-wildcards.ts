import { Stack, Validations } from 'aws-cdk-lib';
import type { Policy } from 'aws-cdk-lib/aws-iam';
import { flattenCfnReference } from 'cdk-nag/lib/utils/flatten-cfn-reference.js';
import type { IConstruct } from 'constructs';
import { z } from 'zod';

/**
 * Acknowledges cdk-nag's finding for each of these resources that has a wildcard, and no other: a wildcard that somebody
 * adds later is found again.
 */
export function explainWildcards(scope: IConstruct, resources: readonly unknown[], why: string): void {
  const stack = Stack.of(scope);
  for (const resource of resources) {
    const name = flattenCfnReference(stack.resolve(resource));
    if (name.includes('*'))
      Validations.of(scope).acknowledge({ id: `AwsSolutions-IAM5[Resource::${name}]`, reason: why });
  }
}

const PolicyJson = z.object({
  Statement: z.array(z.object({ Resource: z.union([z.array(z.unknown()), z.unknown()]) })),
});

/** The same for all that a policy holds. */
export function explainPolicy(policy: Policy, why: string): void {
  const document = PolicyJson.parse(Stack.of(policy).resolve(policy.document.toJSON()));
  explainWildcards(
    policy,
    document.Statement.flatMap(
      ({ Resource: resource }) => (Array.isArray(resource) ? resource : [resource]) as unknown[],
    ),
    why,
  );
}
