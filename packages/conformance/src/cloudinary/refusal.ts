/** An error that is sent as the answer to a request, in Cloudinary's words. */
export class Refusal extends Error {
  override readonly name = "Refusal";
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: number, message: string, headers: Readonly<Record<string, string>> = {}) {
    super(message);
    this.status = status;
    this.headers = headers;
  }
}

export function notFound(publicId: string): Refusal {
  return new Refusal(404, `Resource not found - ${publicId}`);
}
