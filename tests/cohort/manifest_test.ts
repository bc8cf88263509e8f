/** Which files a cohort has. */
import assert from "node:assert/strict";
import { namedFiles } from "../../src/cohort/manifest.ts";
import { inFolder } from "../io/support.ts";

Deno.test("a manifest has paths from its own folder, options of a file, and columns for the table", async () => {
  await inFolder((at) => {
    Deno.mkdirSync(at("lists"));
    const lines = [
      "\ufeffinput,name,age,mask,maps",
      '"../a, b.h5",,43,"random:R=4,acs=24",',
      "c.h5,second,,,",
    ];
    Deno.writeTextFileSync(at("lists/all.csv"), `${lines.join("\r\n")}\r\n\r\n`);
    assert.deepEqual(namedFiles([at("lists/all.csv")], ["mask", "maps"]), [
      {
        ...{ name: "a, b", path: at("a, b.h5"), columns: { age: "43" } },
        options: { mask: "random:R=4,acs=24" },
      },
      { name: "second", path: at("lists/c.h5"), options: {}, columns: { age: "" } },
    ]);
  });
});

Deno.test("a pattern finds files in order; files of one name get different ones", async () => {
  await inFolder((at) => {
    for (const folder of ["x", "y"]) {
      Deno.mkdirSync(at(folder));
      for (const name of ["b.h5", "a.h5"]) Deno.writeTextFileSync(at(`${folder}/${name}`), "");
    }
    const files = namedFiles([at("*/*.h5"), at("x/a.h5")], []);
    assert.deepEqual(files.map(({ path }) => path), [
      ...[at("x/a.h5"), at("x/b.h5"), at("y/a.h5"), at("y/b.h5"), at("x/a.h5")],
    ]);
    assert.deepEqual(files.map(({ name }) => name), ["a", "b", "y-a", "y-b", "x-a"]);
  });
});

Deno.test("a manifest that makes no sense, and a pattern without files, are refused", async () => {
  await inFolder((at) => {
    const refused = (text: string, message: RegExp) => {
      Deno.writeTextFileSync(at("m.csv"), text);
      assert.throws(() => namedFiles([at("m.csv")], []), message);
    };
    refused("", /a head and a row for each file are required, found none/);
    refused("path\na.h5\n", /a column 'input' with paths is required, found path/);
    refused("input,name\n,x\n", /a path is required in each row, found none in row 1/);
    refused("input,name\na.h5,x\nb.h5,x\n", /different names without slashes are required/);
    refused("input,name\na.h5,../x\n", /different names without slashes are required/);
    refused('input\n"a.h5\n', /Cannot read the manifest/);
    assert.throws(() => namedFiles([at("none.csv")], []), /no such file/);
    assert.throws(() => namedFiles([at("*.h5")], []), /a pattern of files is required, found none/);
  });
});
