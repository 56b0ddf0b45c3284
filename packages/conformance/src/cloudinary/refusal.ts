/** An answer that is an error, with Cloudinary's words. */
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
