import { drawPicture, type Colours } from "./draw.js";
import { PICTURES } from "./scenes.js";

const THEMES: Readonly<Record<"light" | "dark", Colours>> = {
  light: {
    text: "#24292f",
    muted: "#59636e",
    panel: "#f3f4f6",
    box: "#ffffff",
    line: "#8c959f",
    good: "#0a6bd6",
    bad: "#c4202b",
    repair: "#7a3ec8",
  },
  dark: {
    text: "#e6e8eb",
    muted: "#a3abb4",
    panel: "#25262b",
    box: "#32343b",
    line: "#767e88",
    good: "#6cb0ff",
    bad: "#ff7b76",
    repair: "#c79bff",
  },
};

/** Returns the text of each picture of the guide, by its file: one file for light pages and one for dark pages. */
export function pictureFiles(): ReadonlyMap<string, string> {
  const files = PICTURES.flatMap((picture) =>
    Object.entries(THEMES).map(
      ([theme, colours]) =>
        [`docs/images/${picture.name}-${theme}.svg`, drawPicture(picture, colours)] as const,
    ),
  );
  return new Map(files);
}
