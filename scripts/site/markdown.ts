// What the site and the check of links read in Markdown.

/** A link of a page, and the line it is on. */
export interface Link {
  readonly target: string;
  readonly line: number;
}

/** Returns the anchor of a heading, as GitHub makes it. */
export function slugOf(heading: string): string {
  return heading
    .trim()
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\p{M}\s_-]/gu, "")
    .replaceAll(/\s/g, "-");
}

/** Returns a page without its code, line for line. */
function proseOf(text: string): string {
  const blank = (code: string): string => code.replaceAll(/[^\n]/g, "");
  return text
    .replaceAll(/^( *)(```+).*?^\1\2 *$/gms, blank)
    .replaceAll(/`[^`\n]*`/g, (code) => "x".repeat(code.length));
}

/** Returns the anchors of a page. A second heading of the same words ends in `-1`. */
export function anchorsOf(text: string): ReadonlySet<string> {
  const anchors = new Set<string>();
  for (const [, heading = ""] of text.replaceAll(/^```.*?^```/gms, "").matchAll(/^#{1,6} +(.+)$/gm)) {
    const slug = slugOf(heading.replaceAll(/\[([^\]]*)\]\([^)]*\)/g, "$1"));
    let unique = slug;
    for (let count = 1; anchors.has(unique); count++) unique = `${slug}-${count}`;
    anchors.add(unique);
  }
  return anchors;
}

/** Returns the links and images of a page, whether they are written in Markdown or in HTML. */
export function linksOf(text: string): readonly Link[] {
  const prose = proseOf(text);
  const found = [...prose.matchAll(/\]\(([^)\s]+)(?: "[^"]*")?\)|(?:href|src)="([^"]+)"/g)];
  return found.map(({ 1: written, 2: html, index }) => ({
    target: written ?? html ?? "",
    line: prose.slice(0, index).split("\n").length,
  }));
}
