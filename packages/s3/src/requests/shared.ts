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

/** Sends one command of a request, with the signal and the listeners of the request's call. */
export type SendCommand = <Name extends CommandName>(
  name: Name,
  input: CommandInput<Name>,
) => Promise<CommandOutput<Name>>;

/** The options with which every request stores objects. */
export interface Storing extends ObjectInputs {
  /** The algorithm of the digest that is sent with bodies. */
  readonly algorithm: DigestAlgorithm | undefined;
  /** True if a request that reads an object asks for the object's digest. */
  readonly compares: boolean;
}
