/** The XML header: what it says, and what is refused. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { InputError } from "../../../src/errors.ts";
import { encodeMeta, parseXml } from "../../../src/io/mrd/xml.ts";
import { parseMrdHeader } from "../../../src/io/mrd/xml_header.ts";

const SPACES = `
  <encodedSpace><matrixSize><x>512</x><y>140</y><z>1</z></matrixSize>
    <fieldOfView_mm><x>600</x><y>328.153125</y><z>6</z></fieldOfView_mm></encodedSpace>
  <reconSpace><matrixSize><x>256</x><y>140</y><z>1</z></matrixSize>
    <fieldOfView_mm><x>300</x><y>328.153125</y><z>6</z></fieldOfView_mm></reconSpace>`;
const ENCODING = `<encoding>${SPACES}<encodingLimits>
    <kspace_encoding_step_1><minimum>0</minimum><maximum>83</maximum><center>28</center></kspace_encoding_step_1>
    <repetition><maximum>19</maximum></repetition></encodingLimits>
  <trajectory>cartesian</trajectory>
  <parallelImaging><accelerationFactor><kspace_encoding_step_1>2</kspace_encoding_step_1>
    <kspace_encoding_step_2>1</kspace_encoding_step_2></accelerationFactor>
    <calibrationMode>separate</calibrationMode></parallelImaging></encoding>`;
const header = (content: string) =>
  `<?xml version="1.0"?><ismrmrdHeader xmlns="http://www.ismrm.org/ISMRMRD">${content}</ismrmrdHeader>`;

Deno.test("parseMrdHeader() reads what the documentation's example says", () => {
  const found = parseMrdHeader(header(`
    <subjectInformation><patientName>Doe</patientName></subjectInformation>
    <measurementInformation><patientPosition>HFS</patientPosition>
      <protocolName>a &lt;b&gt; &amp; c</protocolName></measurementInformation>
    <acquisitionSystemInformation><systemFieldStrength_T>1.494</systemFieldStrength_T>
      <receiverChannels>32</receiverChannels></acquisitionSystemInformation>
    <experimentalConditions><H1resonanceFrequency_Hz>63642459</H1resonanceFrequency_Hz></experimentalConditions>
    ${ENCODING}
    <sequenceParameters><TR>4.6</TR><TE>2.35</TE><TE>7.1</TE></sequenceParameters>
    <userParameters><userParameterLong><name>BitsStored</name><value>12</value></userParameterLong></userParameters>`));
  const [encoding] = found.encodings;
  assert.deepEqual(encoding.encodedSpace.matrix, [512, 140, 1]);
  assert.deepEqual(encoding.reconSpace.fieldOfView, [300, 328.153125, 6]);
  assert.deepEqual(encoding.limits.kspaceEncodeStep1, { minimum: 0, maximum: 83, center: 28 });
  assert.deepEqual(encoding.limits.repetition, { minimum: 0, maximum: 19, center: 0 });
  assert.equal(encoding.limits.slice, undefined);
  assert.deepEqual(encoding.parallelImaging, { acceleration: [2, 1], calibrationMode: "separate" });
  assert.deepEqual(found.sequence.echoTime, [2.35, 7.1]);
  assert.equal(found.system.fieldStrength, 1.494);
  assert.equal(found.measurement.protocolName, "a <b> & c");
  assert.equal(found.userParameters.BitsStored, "12");
  assert.ok(!JSON.stringify(found).includes("Doe"), "no patient data leave the parser");
});

Deno.test("parseMrdHeader() takes namespace prefixes, several encodings and a NUL at the end", () => {
  const prefixed = header(ENCODING + ENCODING).replaceAll(/<(\/?)(\w)/g, "<$1mr:$2")
    .replace("xmlns=", "xmlns:mr=");
  assert.equal(parseMrdHeader(`${prefixed}\0\0`).encodings.length, 2);
});

Deno.test("parseMrdHeader() finds simultaneous slices in their element and in the free parameters", () => {
  const multiband = "<multiband><spacing><dZ>20</dZ></spacing><deltaKz>1</deltaKz>" +
    "<multiband_factor>3</multiband_factor><calibration>full3D</calibration>" +
    "<calibration_encoding>0</calibration_encoding></multiband>";
  const element = ENCODING.replace("</parallelImaging>", `${multiband}</parallelImaging>`);
  const named = (name: string, value: number) =>
    `${ENCODING}<userParameters><userParameterLong><name>${name}</name><value>${value}</value>` +
    "</userParameterLong></userParameters>";
  const factors = [element, named("MultiBandFactor", 3), named("MultiBandFactor", 1), ENCODING]
    .map((text) => parseMrdHeader(header(text)).encodings[0].parallelImaging?.multibandFactor);
  assert.deepEqual(factors, [3, 3, undefined, undefined]);
});

const ENTITIES = '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]>';
const WRONG: Record<string, [string, RegExp]> = {
  "no XML": ["garbage", /XML <ismrmrdHeader> is required, found a mistake in line 1/],
  "nothing": ["", /found a mistake/],
  "another document": ["<svg/>", /found <svg>/],
  "a cut text": [header(ENCODING).slice(0, 300), /a mistake in line/],
  "entities": [ENTITIES + header(ENCODING), /found a document type/],
  "a lower-case document type": [ENTITIES.toLowerCase() + header(ENCODING), /found a mistake|type/],
  "reserved names": [header(`<__proto__>${ENCODING}</__proto__>`), /SECURITY|encodings/],
  "deep nesting": ["<a>".repeat(5000) + "</a>".repeat(5000), /nested|mistake|found/],
  "no encoding": [header(""), /1 to 64 encodings is required, found 0/],
  "no recon space": [header(ENCODING.replaceAll("reconSpace", "x")), /reconSpace with matrixSize/],
  "a matrix of 0": [header(ENCODING.replace("<y>140<", "<y>0<")), /y from 1 to 65535.*found 0/],
  "a matrix of 1e9": [header(ENCODING.replace("512", "1000000000")), /x from 1 to 65535/],
  "half a sample": [header(ENCODING.replace("512", "1.5")), /x from 1 to 65535.*found 1.5/],
  "a word for a number": [header(ENCODING.replace("512", "many")), /a number for x.*'many'/],
  "NaN": [header(ENCODING.replace("600", "NaN")), /a number for x/],
  "hexadecimal": [header(ENCODING.replace("512", "0x200")), /a number for x.*'0x200'/],
  "a negative field of view": [header(ENCODING.replace("600", "-6")), /positive x of fieldOf/],
  "an unknown trajectory": [header(ENCODING.replace("cartesian", "zigzag")), /trajectory of/],
  "limits upside down": [
    header(ENCODING.replace("<minimum>0", "<minimum>99")),
    /minimum <= maximum in encodingLimits/,
  ],
};
for (const [name, [xml, message]] of Object.entries(WRONG)) {
  Deno.test(`parseMrdHeader() refuses ${name}`, () => {
    assert.throws(() => parseMrdHeader(xml, "raw.h5"), (error: unknown) => {
      assert.ok(error instanceof InputError, String(error));
      assert.match(error.message, message);
      assert.match(error.message, /raw\.h5/);
      return true;
    });
  });
}

Deno.test("parseMrdHeader() refuses a header of 10 MB in no time", () => {
  const start = performance.now();
  assert.throws(() => parseMrdHeader(header("<a>1</a>".repeat(1_300_000))), /characters, more/);
  assert.throws(() => parseMrdHeader(header("<a>1</a>".repeat(900_000))), /more than 100000 tags/);
  assert.ok(performance.now() - start < 10_000);
});

Deno.test("parseMrdHeader() refuses attributes and references by the hundred thousand in no time", () => {
  const start = performance.now();
  const attributes = Array.from({ length: 200_000 }, (_, i) => `a${i}="1"`).join(" ");
  assert.throws(() => parseMrdHeader(header(`<a ${attributes}/>`)), /more than 20000 attributes/);
  const references = `<a>${"&#x41;".repeat(500_000)}</a>`;
  assert.throws(() => parseMrdHeader(header(references)), /more than 50000 references/);
  assert.ok(performance.now() - start < 10_000);
});

Deno.test("parseMrdHeader() survives any damage to a header", () => {
  const whole = header(ENCODING);
  const damage = fc.array(fc.tuple(fc.nat(whole.length - 1), fc.string({ maxLength: 3 })), {
    minLength: 1,
    maxLength: 4,
  });
  fc.assert(fc.property(damage, (changes) => {
    let text = whole;
    for (const [at, by] of changes) text = text.slice(0, at) + by + text.slice(at + 1);
    try {
      for (const { encodedSpace } of parseMrdHeader(text).encodings) {
        assert.ok(encodedSpace.matrix.every((size) => Number.isInteger(size) && size > 0));
      }
    } catch (error) {
      assert.ok(error instanceof InputError, String(error));
    }
  }));
});

Deno.test("attributes of an image come back, characters that XML cannot hold dropped", () => {
  const xml = encodeMeta({
    ImageComments: 'a <b> & "c"\0\u0001',
    WindowCenter: 512,
    ImageRowDir: [1, 0, -0.5],
  });
  const found = parseXml(xml, "ismrmrdMeta", "the image").all("meta").map((each) => [
    each.text("name"),
    each.all("value").map((value) => value.content),
  ]);
  assert.deepEqual(Object.fromEntries(found), {
    ImageComments: ['a <b> & "c"'],
    WindowCenter: ["512"],
    ImageRowDir: ["1", "0", "-0.5"],
  });
});
