import type { IVpc, Vpc } from 'aws-cdk-lib/aws-ec2';
import type { Bucket, IBucket } from 'aws-cdk-lib/aws-s3';

/*
 * aws-cdk-lib is compiled without exactOptionalPropertyTypes: to our compiler its classes do not implement its own
 * interfaces, since an optional member of theirs may be undefined. The two casts that this takes are here.
 */

export function asIBucket(bucket: Bucket): IBucket {
  return bucket as IBucket;
}

export function asIVpc(vpc: Vpc): IVpc {
  return vpc as IVpc;
}
