/**
 * CDK feature flags that the definition depends on, for whoever builds it without cdk.json (which says the same; tested).
 */
export const featureFlags = {
  '@aws-cdk/aws-stepfunctions:useDistributedMapResultWriterV2': true,
} as const;
