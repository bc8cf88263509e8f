/**
 * The label of an OpenRecon image: what Siemens' host learns of a container before it starts it. The
 * host's own schema is not part of this repository; {@link labelFaults} checks what public
 * descriptions of the label (version 1.1.0) say of its fields.
 * @module
 */
import project from "../deno.json" with { type: "json" };
import { MOST } from "../src/serve/client_bounds.ts";

/** The name of the label in the image. */
export const LABEL_NAME = "com.siemens-healthineers.magneticresonance.openrecon.metadata:1.1.0";
/** The port that the server of the image listens on. */
export const PORT = 9002;

const en = (text: string) => ({ en: text });

const choice = (id: string, label: string, values: Readonly<Record<string, string>>) => ({
  id,
  type: "choice",
  label: en(label),
  default: Object.keys(values)[0],
  values: Object.entries(values).map(([value, name]) => ({ id: value, name: en(name) })),
});

const whole = (id: string, label: string, information: string, maximum: number) => ({
  id,
  type: "int",
  label: en(label),
  information: en(information),
  minimum: 0,
  maximum,
  default: 0,
});

/** The recipes of the image, by name: their YAML and what the operator reads. */
export const RECIPES: Readonly<Record<string, { readonly yaml: string; readonly name: string }>> = {
  default: { yaml: "method: pnp-admm", name: "Larmor's default (learnt prior)" },
  tv: { yaml: "method: tv", name: "Total variation" },
  sense: { yaml: "method: sense", name: "CG-SENSE" },
  rss: { yaml: "method: rss", name: "Root sum of squares" },
};

/** What the operator may choose; the ids are the keys of JSON that `serve` reads. */
const PARAMETERS = [
  choice("config", "Reconstruction", {
    ...Object.fromEntries(Object.entries(RECIPES).map(([id, { name }]) => [id, name])),
    savedataonly: "None: take the data only",
  }),
  whole("steps", "Iterations", "0: those of the reconstruction", MOST.steps),
  whole("seed", "Seed", "Seed of random numbers", 2 ** 31 - 1),
];

/** The label as an object; it becomes JSON, then base64. */
export function openReconLabel(): Readonly<Record<string, unknown>> {
  return {
    general: {
      name: en("Larmor"),
      version: project.version,
      vendor: "Larmor (open source)",
      id: "larmor",
      information: en(
        "MRI reconstruction by posterior sampling. For research; not a medical device.",
      ),
      regulatory_information: {
        device_trade_name: "Larmor",
        production_identifier: project.version,
        manufacturer_address: "",
        made_in: "",
        manufacture_date: "",
        material_number: `larmor_${project.version}`,
        gtin: "",
        udi: "",
        safety_advices: "For research only. Not for diagnosis.",
        special_operating_instructions: "",
        additional_relevant_information: "Not tried on a scanner.",
      },
    },
    reconstruction: {
      transfer_protocol: { protocol: "ISMRMRD", version: "1.4.1" },
      port: PORT,
      emitter: "raw",
      injector: "image",
      can_process_adjustment_data: false,
      can_use_gpu: false,
      min_count_required_gpus: 0,
      min_required_gpu_memory: 0,
      min_count_required_cpu_cores: 2,
      min_required_memory: 8192,
      content_qualification_type: "RESEARCH",
    },
    parameters: PARAMETERS,
  };
}

type Check = (value: unknown) => boolean;

const text: Check = (value) => typeof value === "string";
const flag: Check = (value) => typeof value === "boolean";
const integer: Check = (value) => Number.isInteger(value) && Math.abs(value as number) < 2 ** 31;
const amount: Check = (value) => integer(value) && (value as number) >= 0;
const oneOf = (...allowed: readonly string[]): Check => (value) =>
  allowed.includes(value as string);
const english: Check = (value) => text((value as { en?: unknown } | null)?.en);
const id: Check = (value) => text(value) && /^[A-Za-z0-9]+$/.test(value as string);
const semanticVersion: Check = (value) =>
  text(value) && /^\d+\.\d+\.\d+([-+][0-9A-Za-z.-]+)?$/.test(value as string);

/** Fields by name; those that end with `?` may be left out, and no others may be there. */
type Fields = Readonly<Record<string, Check>>;

const REGULATORY = [
  ...["device_trade_name", "production_identifier", "manufacturer_address", "made_in"],
  ...["manufacture_date", "material_number", "gtin", "udi", "safety_advices"],
  ...["special_operating_instructions", "additional_relevant_information"],
];

const GENERAL: Fields = {
  name: english,
  version: semanticVersion,
  vendor: text,
  information: english,
  id: text,
  "license_string?": text,
  regulatory_information: (value) =>
    fieldFaults("", value, Object.fromEntries(REGULATORY.map((name) => [name, text]))).length === 0,
};

const RECONSTRUCTION: Fields = {
  transfer_protocol: (value) =>
    JSON.stringify(value) === '{"protocol":"ISMRMRD","version":"1.4.1"}',
  port: (value) => amount(value) && (value as number) < 65536,
  emitter: oneOf("raw", "image"),
  injector: oneOf("image", "compleximage"),
  "can_process_adjustment_data?": flag,
  can_use_gpu: flag,
  "min_count_required_gpus?": amount,
  "min_required_gpu_memory?": amount,
  min_count_required_cpu_cores: (value) => amount(value) && (value as number) > 0,
  min_required_memory: amount,
  "content_qualification_type?": oneOf("PRODUCT", "SERVICE", "RESEARCH"),
  "require_readout_filter_off?": flag,
};

const COMMON: Fields = { id, type: text, label: english, "information?": english };
const KINDS: Readonly<Record<string, Fields>> = {
  int: { ...COMMON, minimum: integer, maximum: integer, default: integer },
  boolean: { ...COMMON, default: flag },
  string: { ...COMMON, "default?": text, "isLargeText?": flag },
  choice: {
    ...COMMON,
    default: text,
    values: (value) =>
      Array.isArray(value) && value.length > 0 &&
      value.every((each) => fieldFaults("", each, { id: text, name: english }).length === 0),
  },
};
/** Most parameters that a host shows. */
const MAX_PARAMETERS = 14;

/** What is wrong with a label; nothing: an empty list. */
export function labelFaults(label: unknown): string[] {
  const top = fieldFaults("label", label, {
    general: () => true,
    reconstruction: () => true,
    parameters: (value) => Array.isArray(value) && value.length <= MAX_PARAMETERS,
  });
  if (top.length > 0) return top;
  const { general, reconstruction, parameters } = label as Record<string, unknown[]>;
  const ids = parameters.map((each) => (each as { id?: unknown } | null)?.id);
  return [
    ...fieldFaults("general", general, GENERAL),
    ...fieldFaults("reconstruction", reconstruction, RECONSTRUCTION),
    ...parameters.flatMap((each, i) => parameterFaults(`parameters[${i}]`, each)),
    ...new Set(ids).size < ids.length ? ["parameters: two have one id"] : [],
  ];
}

function parameterFaults(name: string, parameter: unknown): string[] {
  const kind = (parameter as { type?: string } | null)?.type ?? "";
  if (!Object.hasOwn(KINDS, kind)) {
    return [`${name}: one of ${Object.keys(KINDS)} is required as type`];
  }
  const faults = fieldFaults(name, parameter, KINDS[kind]);
  if (faults.length > 0) return faults;
  const { minimum = 0, maximum = 0, default: value, values } = parameter as {
    minimum?: number;
    maximum?: number;
    default?: unknown;
    values?: { id: string }[];
  };
  const inside = kind === "int"
    ? Number(value) >= minimum && Number(value) <= maximum
    : kind !== "choice" || values!.some(({ id }) => id === value);
  return inside ? [] : [`${name}: its default is none of its values`];
}

function fieldFaults(name: string, value: unknown, fields: Fields): string[] {
  if (typeof value !== "object" || value === null) return [`${name}: an object is required`];
  const known = Object.entries(fields).map(([key, check]) =>
    [key.replace(/\?$/, ""), check, key.endsWith("?")] as const
  );
  const found = value as Record<string, unknown>;
  return [
    ...Object.keys(found).filter((key) => !known.some(([field]) => field === key))
      .map((key) => `${name}.${key}: there is no such field`),
    ...known.filter(([key, check, optional]) =>
      found[key] === undefined ? !optional : !check(found[key])
    ).map(([key]) => `${name}.${key}: found ${JSON.stringify(found[key])}`),
  ];
}
