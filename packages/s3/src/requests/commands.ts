import type * as Sdk from "@aws-sdk/client-s3";
import type { S3Call } from "../server/client.js";

/**
 * The requests about objects, by the SDK's names. Each request has two types: the fields of the request, and the fields
 * of its answer.
 */
interface CommandMap {
  readonly PutObject: readonly [Sdk.PutObjectCommandInput, Sdk.PutObjectCommandOutput];
  readonly GetObject: readonly [Sdk.GetObjectCommandInput, Sdk.GetObjectCommandOutput];
  readonly HeadObject: readonly [Sdk.HeadObjectCommandInput, Sdk.HeadObjectCommandOutput];
  readonly DeleteObject: readonly [Sdk.DeleteObjectCommandInput, Sdk.DeleteObjectCommandOutput];
  readonly DeleteObjects: readonly [Sdk.DeleteObjectsCommandInput, Sdk.DeleteObjectsCommandOutput];
  readonly ListObjectsV2: readonly [Sdk.ListObjectsV2CommandInput, Sdk.ListObjectsV2CommandOutput];
  readonly CopyObject: readonly [Sdk.CopyObjectCommandInput, Sdk.CopyObjectCommandOutput];
  readonly CreateMultipartUpload: readonly [
    Sdk.CreateMultipartUploadCommandInput,
    Sdk.CreateMultipartUploadCommandOutput,
  ];
  readonly UploadPart: readonly [Sdk.UploadPartCommandInput, Sdk.UploadPartCommandOutput];
  readonly UploadPartCopy: readonly [Sdk.UploadPartCopyCommandInput, Sdk.UploadPartCopyCommandOutput];
  readonly ListParts: readonly [Sdk.ListPartsCommandInput, Sdk.ListPartsCommandOutput];
  readonly CompleteMultipartUpload: readonly [
    Sdk.CompleteMultipartUploadCommandInput,
    Sdk.CompleteMultipartUploadCommandOutput,
  ];
  readonly AbortMultipartUpload: readonly [
    Sdk.AbortMultipartUploadCommandInput,
    Sdk.AbortMultipartUploadCommandOutput,
  ];
  readonly ListMultipartUploads: readonly [
    Sdk.ListMultipartUploadsCommandInput,
    Sdk.ListMultipartUploadsCommandOutput,
  ];
  readonly GetObjectTagging: readonly [Sdk.GetObjectTaggingCommandInput, Sdk.GetObjectTaggingCommandOutput];
  readonly PutObjectTagging: readonly [Sdk.PutObjectTaggingCommandInput, Sdk.PutObjectTaggingCommandOutput];
}

export type CommandName = keyof CommandMap;

export type CommandInput<Name extends CommandName> = CommandMap[Name][0];

export type CommandOutput<Name extends CommandName> = CommandMap[Name][1];

/**
 * The commands about objects. Either the SDK or this package's own HTTP client sends them. With either, requests and
 * answers have the SDK's fields, so code that sends commands does not depend on the wire.
 */
export interface Commands {
  /**
   * Sends one command.
   *
   * @throws S3FailureError or an error of the SDK, if the command fails. The reason of the call's signal, if it aborts.
   */
  readonly send: <Name extends CommandName>(
    name: Name,
    input: CommandInput<Name>,
    call: S3Call,
  ) => Promise<CommandOutput<Name>>;
  /**
   * Loads what the commands need. If this fails, an option of the provider is wrong, so the error is thrown unchanged.
   *
   * @throws TypeError for options that turn out to be wrong.
   */
  readonly prepare?: () => Promise<unknown>;
  /**
   * Returns the number of milliseconds by which the server's clock is ahead of this machine's clock. The number is 0
   * until an answer shows a difference.
   */
  readonly clockOffsetMs: () => number;
}
