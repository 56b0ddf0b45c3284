import { isDeepStrictEqual } from "node:util";
import type { Subresource } from "../sdk/setup-requests.js";

type Fields = Readonly<Record<string, unknown>>;

/**
 * Tells whether two configurations have the same meaning. Servers may return a configuration in a different form. For
 * example, they change the order, add or leave out defaults, send one word instead of a list of one word, or send a
 * prefix instead of a filter.
 */
export function meansTheSame(what: Subresource, one: object | undefined, other: object | undefined): boolean {
  return isDeepStrictEqual(meaningOf(what, one), meaningOf(what, other));
}

function meaningOf(what: Subresource, configuration: object | undefined): unknown {
  if (configuration === undefined) return undefined;
  const plain = JSON.parse(JSON.stringify(configuration)) as Fields;
  return canonical((FORMS[what] ?? ((form) => form))(plain)) ?? {};
}

/**
 * Functions that bring a configuration into a standard form. They exist for the parts of the set-up that can express
 * the same thing in several ways.
 */
const FORMS: Readonly<Partial<Record<Subresource, (configuration: Fields) => Fields>>> = {
  BucketLifecycleConfiguration: ({ TransitionDefaultMinimumObjectSize: size, Rules, ...rest }) => ({
    ...rest,
    size: size === "all_storage_classes_128K" ? undefined : size,
    Rules: listOf(Rules).map(lifecycleForm),
  }),
  BucketCors: ({ CORSRules, ...rest }) => ({ ...rest, CORSRules: listOf(CORSRules).map(corsForm) }),
  BucketPolicy: ({ Policy }) => policyForm(Policy),
  BucketNotificationConfiguration: (lists) =>
    Object.fromEntries(
      Object.entries(lists).map(([name, list]) => [
        name,
        Array.isArray(list) ? listOf(list).map(targetForm) : list,
      ]),
    ),
};

/**
 * Puts all conditions of a rule into its filter. In the older form of a rule, the prefix is outside the filter. Several
 * conditions become a list.
 */
function lifecycleForm({ Prefix: prefix, Filter, ...rule }: Fields): Fields {
  const { And, Tag, Prefix = prefix, ...filter } = fieldsOf(Filter);
  const { Tags, Prefix: both = Prefix, ...all } = fieldsOf(And);
  const tags = [...listOf(Tags), ...(Tag === undefined ? [] : [Tag])];
  return { ...rule, Filter: { ...filter, ...all, Prefix: both, Tags: tags } };
}

/** Writes the names of headers in lower case, because the case of a header's name does not matter. */
function corsForm({ AllowedHeaders, ExposeHeaders, ...rule }: Fields): Fields {
  return { ...rule, AllowedHeaders: lowered(AllowedHeaders), ExposeHeaders: lowered(ExposeHeaders) };
}

/**
 * Brings the filter of a target into a standard form. Amazon writes the names of the filter's rules with a capital
 * letter. A rule that matches everything is left out.
 */
function targetForm({ Filter, ...target }: Fields): Fields {
  const { FilterRules } = fieldsOf(fieldsOf(Filter)["Key"]);
  const rules = listOf(FilterRules)
    .filter(({ Value }) => Value !== "" && Value !== undefined)
    .map(({ Name, Value }) => ({ Name: String(Name).toLowerCase(), Value }));
  return { ...target, Filter: rules };
}

/**
 * Brings a policy into a standard form. In a policy, one word means the same as a list of one word, and the case of an
 * action's name does not matter.
 */
function policyForm(text: unknown): Fields {
  const policy = fieldsOf(parsed(text));
  const { Version = "2008-10-17" } = policy;
  return {
    ...policy,
    Version,
    Statement: [policy["Statement"]].flat().map((one) => statementForm(fieldsOf(one))),
  };
}

function statementForm({ Principal, NotPrincipal, Condition, ...statement }: Fields): Fields {
  const lists = Object.entries(statement).map(([name, value]) => [
    name,
    /^(?:Not)?Action$/.test(name) ? lowered(value) : [value].flat(),
  ]);
  const conditions = Object.entries(fieldsOf(Condition)).map(([operator, keys]) => [operator, listsIn(keys)]);
  return {
    ...(Object.fromEntries(lists) as Fields),
    Principal: principalForm(Principal),
    NotPrincipal: principalForm(NotPrincipal),
    Condition: Object.fromEntries(conditions) as Fields,
  };
}

function principalForm(principal: unknown): unknown {
  return principal === "*" ? { AWS: ["*"] } : listsIn(principal);
}

function listsIn(fields: unknown): Fields {
  return Object.fromEntries(
    Object.entries(fieldsOf(fields)).map(([name, value]) => [name, [value].flat().map(String)]),
  );
}

/**
 * Returns a configuration in sorted order, without repetitions. Leaves out values that are empty or off, because they mean the
 * same as missing values.
 */
function canonical(value: unknown): unknown {
  if (value === "" || value === false || value === null) return undefined;
  if (Array.isArray(value)) {
    const texts = value.map((one) => JSON.stringify(canonical(one))).filter((text) => text !== undefined);
    return texts.length === 0 ? undefined : [...new Set(texts)].toSorted();
  }
  if (typeof value !== "object") return value;
  const entries = Object.entries(value as Fields)
    .map(([name, field]) => [name, canonical(field)] as const)
    .filter(([, field]) => field !== undefined)
    .toSorted(([left], [right]) => (left < right ? -1 : 1));
  return entries.length === 0 ? undefined : Object.fromEntries(entries);
}

function parsed(text: unknown): unknown {
  try {
    return typeof text === "string" ? (JSON.parse(text) as unknown) : text;
  } catch {
    return { text };
  }
}

function fieldsOf(value: unknown): Fields {
  return typeof value === "object" && value !== null ? (value as Fields) : {};
}

function listOf(value: unknown): readonly Fields[] {
  return Array.isArray(value) ? value.map(fieldsOf) : [];
}

function lowered(words: unknown): readonly string[] {
  return words === undefined ? [] : [words].flat().map((word) => JSON.stringify(word).toLowerCase());
}
