/** Settings as the servers read them: sections of lines. */
export function ini(settings: Readonly<Record<string, Readonly<Record<string, string | number>>>>): string {
  return Object.entries(settings)
    .map(([section, values]) => {
      const lines = Object.entries(values).map(([name, value]) => `${name} = ${value}`);
      return `[${section}]\n${lines.join("\n")}\n`;
    })
    .join("\n");
}
