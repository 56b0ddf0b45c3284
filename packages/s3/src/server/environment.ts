import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import process from "node:process";

/** The settings about the server, read from the environment and the shared files by the rules of the SDK. */
export interface Configured {
  /**
   * Returns the endpoint, with the name of the setting that gives it.
   *
   * @throws TypeError if the profile names services that are not in the file.
   */
  readonly endpoint: () => ConfiguredEndpoint | undefined;
  readonly region: string | undefined;
  readonly dualstack: boolean;
  readonly fips: boolean;
}

interface ConfiguredEndpoint {
  readonly url: string;
  readonly source: string;
}

type Section = Readonly<Record<string, string>>;
type Sections = Map<string, Section>;

/**
 * Reads the settings from the environment and the shared files. The settings have to be known before the first request. The SDK
 * reads the files later and asynchronously, so this function reads them itself.
 *
 * @param profile - The profile. Default: the profile that `AWS_PROFILE` names. For endpoints, the profile that
 * `AWS_PROFILE` names is always used.
 * @see https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html
 */
export function configured(profile?: string): Configured {
  const { env } = process;
  const files = readFiles();
  const named = env["AWS_PROFILE"] || "default";
  const own = profile ?? named;
  const flag = (variable: string, setting: string): boolean =>
    (env[variable] ?? files.config.get(own)?.[setting] ?? files.credentials.get(own)?.[setting]) === "true";
  return {
    endpoint: () => configuredEndpoint(files, named),
    region:
      env["AWS_REGION"] ||
      files.credentials.get(own)?.["region"] ||
      files.config.get(own)?.["region"] ||
      undefined,
    dualstack: flag("AWS_USE_DUALSTACK_ENDPOINT", "use_dualstack_endpoint"),
    fips: flag("AWS_USE_FIPS_ENDPOINT", "use_fips_endpoint"),
  };
}

interface Files {
  readonly config: Sections;
  readonly credentials: Sections;
}

function configuredEndpoint({ config, credentials }: Files, named: string): ConfiguredEndpoint | undefined {
  const { env } = process;
  const profile = { ...credentials.get(named), ...config.get(named) };
  const ignored = env["AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"] ?? profile["ignore_configured_endpoint_urls"];
  if (ignored === "true") return undefined;
  for (const source of ["AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"]) {
    const url = env[source];
    if (url !== undefined && url !== "") return { url, source };
  }
  const { services } = profile;
  const section = services === undefined ? undefined : config.get(`services.${services}`);
  if (services !== undefined && section === undefined) {
    throw new TypeError(
      `s3: the profile "${named}" names the services "${services}", but the configuration file has no section for them`,
    );
  }
  const url = section?.["s3.endpoint_url"] ?? profile["endpoint_url"];
  return url === undefined ? undefined : { url, source: `endpoint_url of the profile "${named}"` };
}

function readFiles(): Files {
  const { env } = process;
  const home = env["HOME"] || env["USERPROFILE"] || homedir();
  const read = (variable: string, name: string): Sections => {
    const path = env[variable] || join(home, ".aws", name);
    return sectionsIn(path.startsWith("~/") ? join(home, path.slice(2)) : path);
  };
  const config = new Map<string, Section>();
  for (const [name, section] of read("AWS_CONFIG_FILE", "config")) {
    if (name === "default" && !config.has(name)) config.set(name, section);
    if (name.startsWith("profile.")) config.set(name.slice("profile.".length), section);
    else if (name.startsWith("services.")) config.set(name, section);
  }
  return { config, credentials: read("AWS_SHARED_CREDENTIALS_FILE", "credentials") };
}

/** Reads the sections of a file. A file that cannot be read has no sections, as in the SDK. */
function sectionsIn(path: string): Sections {
  try {
    return parseSections(readFileSync(path, "utf8"));
  } catch {
    return new Map();
  }
}

/** Reads sections with their settings. A nested setting gets a name such as `s3.endpoint_url`. */
function parseSections(text: string): Sections {
  const sections = new Map<string, Record<string, string>>();
  let section: Record<string, string> | undefined;
  let above: string | undefined;
  for (const line of text.split(/\r?\n/)) {
    const content = (line.split(/(?:^|\s)[;#]/)[0] ?? "").trim();
    const title = /^\[(.*)\]$/.exec(content)?.[1];
    const [, name = "", value = ""] = /^([^=]+)=(.*)$/.exec(content)?.map((part) => part.trim()) ?? [];
    if (title !== undefined) {
      above = undefined;
      section = sectionOf(sections, title);
    }
    if (title !== undefined || section === undefined || name === "") continue;
    if (value === "") above = name;
    else {
      if (line.trimStart() === line) above = undefined;
      section[above === undefined ? name : `${above}.${name}`] = value;
    }
  }
  return sections;
}

/**
 * Returns the section for a title, such as `profile "a b"`. Returns `undefined` for a title of a different kind, because such
 * sections are not used.
 */
function sectionOf(
  sections: Map<string, Record<string, string>>,
  title: string,
): Record<string, string> | undefined {
  const [, kind, , named] = /^([\w-]+)\s(["'])?([\w@+.%:/-]+)\2$/.exec(title) ?? [];
  if (kind !== undefined && kind !== "profile" && kind !== "services") return undefined;
  const name = kind === undefined ? title : `${kind}.${named}`;
  const section = sections.get(name) ?? (Object.create(null) as Record<string, string>);
  sections.set(name, section);
  return section;
}
