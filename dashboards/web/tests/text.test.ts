import { describe, expect, it } from "vitest";
import { toCsv, toJson } from "../src/model/export";
import { fileName, shortId, shortPath, visible } from "../src/model/text";
import { displayName } from "../src/model/workload";

describe("names that strangers chose", () => {
  it("makes control characters and marks of direction visible", () => {
    expect(visible("\u202egpj.exe")).toBe("<202E>gpj.exe");
    expect(visible("a\u0000b\nc\u200bd\ufeff")).toBe("a<0000>b<000A>c<200B>d<FEFF>");
    expect(visible("<img src=x onerror=alert(1)>")).toBe("<img src=x onerror=alert(1)>"); // text stays text
    expect(visible("عربي 日本")).toBe("عربي 日本");
  });
  it("bounds them and keeps both ends, without halving a character", () => {
    const long = visible("a".repeat(4000) + "END", 50);
    expect(long).toHaveLength(50);
    expect(long).toMatch(/^a+…a+END$/);
    expect(visible("😀".repeat(300), 20)).not.toMatch(
      /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/,
    );
  });
  it("cuts ids, not names", () => {
    const id = "0123456789abcdef".repeat(4);
    expect(shortId(id)).toBe("0123456789ab");
    expect(shortId("web")).toBe("web");
    expect(shortPath(`/docker/${id}`)).toBe("/docker/0123456789ab");
    expect(displayName({ key: 1, id: `/x/${id}`, kind: "cgroup", workload: `/x/${id}` })).toBe("/x/0123456789ab");
  });
  it("makes file names of anything", () => {
    expect(fileName("../../etc/passwd")).toBe("etc-passwd");
    expect(fileName("\u202e<>")).toBe("tallyman");
    expect(fileName("a".repeat(4096)).length).toBeLessThanOrEqual(80);
  });
});

describe("tables as files", () => {
  it("quotes, and defuses formulas", () => {
    expect(
      toCsv(
        ["a", "b"],
        [
          ["x,y", 1.5],
          ['say "hi"', null],
          ["=1+1", undefined],
          ["@cmd", NaN],
        ],
      ),
    ).toBe('a,b\r\n"x,y",1.5\r\n"say ""hi""",\r\n\'=1+1,\r\n\'@cmd,\r\n');
  });
  it("keeps negative numbers as numbers", () => expect(toCsv(["a"], [[-1]])).toBe("a\r\n-1\r\n"));
  it("leaves out what is not known", () => {
    expect(
      JSON.parse(
        toJson(
          ["a", "b"],
          [
            ["x", null],
            ["y", 0],
          ],
        ),
      ),
    ).toEqual([{ a: "x" }, { a: "y", b: 0 }]);
  });
});
