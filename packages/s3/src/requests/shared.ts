import type { S3Call } from "../server/client.js";
import type { DigestAlgorithm } from "../server/digest.js";
import type { CommandInput, CommandName, CommandOutput } from "./commands.js";
import type { ObjectInputs } from "./object-fields.js";

/** The bucket, and the function that sends all requests. */
export interface Requests {
  readonly bucket: string;
  /** Makes a request of one or more commands. Throws a failure as an `S3FailureError`. */
  readonly request: <T>(call: S3Call, make: (send: SendCommand) => Promise<T>) => Promise<T>;
}

/** Sends one command for the call that a request belongs to. */
export type SendCommand = <Name extends CommandName>(
  name: Name,
  input: CommandInput<Name>,
) => Promise<CommandOutput<Name>>;

/** The options with which every request stores objects. */
export interface Storing extends ObjectInputs {
  /** The algorithm of the digest that is sent with bodies. */
  readonly algorithm: DigestAlgorithm | undefined;
  /** True if reads of objects ask for digests. */
  readonly compares: boolean;
}
