import { keyTemplate } from "./key-template.js";

const video = keyTemplate("videos/{videoId}/{name}_{quality}.{ext}");
const dated = keyTemplate("{year}/{month}/{day}/{hash}_{timestamp}.{ext}");

/** A key template asks for a value for each of its placeholders, and computes dates by itself. */
export const keys: readonly string[] = [
  video.key({ videoId: 42, name: "intro", quality: "720p", ext: "mp4" }),
  dated.key({ hash: "text", ext: "mp4" }),
  keyTemplate("fixed").key({}),
  keyTemplate("{year}").key({}, { date: new Date() }),
];

/** A missing placeholder does not compile. */
// @ts-expect-error -- `ext` is missing
video.key({ videoId: 42, name: "intro", quality: "720p" });
// @ts-expect-error -- everything is missing
video.key({});

/** A value that is no text and no number does not compile. */
// @ts-expect-error -- a Date is no value
video.key({ videoId: new Date(), name: "intro", quality: "720p", ext: "mp4" });
// @ts-expect-error -- undefined is no value
video.key({ videoId: undefined, name: "intro", quality: "720p", ext: "mp4" });

/** A placeholder that is not there does not compile. */
// @ts-expect-error -- there is no `title`
video.key({ videoId: 42, name: "intro", quality: "720p", ext: "mp4", title: "x" });

/** The text for `{hash}` is needed where no body is given. */
// @ts-expect-error -- `hash` is missing
dated.key({ ext: "mp4" });
await dated.forBody("bytes", { ext: "mp4" });
// @ts-expect-error -- `ext` is missing
await dated.forBody("bytes", {});
