// Names that strangers chose, made fit to be shown. Markup is no danger (nothing is
// ever set as HTML); control characters, marks that turn the direction of the text
// around them, and sheer length are.

// C0, C1, zero-width, and the bidirectional controls.
const kInvisible =
  // eslint-disable-next-line no-control-regex -- control characters are what it looks for
  /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202f\u2060-\u206f\ufeff\ufff9-\ufffb]/g;

/** Invisible characters made visible as their code, <202E>; the length bounded. */
export function visible(text: string, longest = 256): string {
  const clean = text.replace(kInvisible, (c) => `<${c.charCodeAt(0).toString(16).toUpperCase().padStart(4, "0")}>`);
  if (clean.length <= longest) return clean;
  const head = Math.ceil((longest - 1) * 0.7);
  const cut = clean.slice(0, head).replace(/[\ud800-\udbff]$/, "");
  const tail = clean.slice(clean.length - (longest - 1 - head)).replace(/^[\udc00-\udfff]/, "");
  return `${cut}…${tail}`;
}

/** Container ids as people know them: their first twelve digits. */
export function shortId(id: string): string {
  return /^[0-9a-f]{32,}$/.test(id) ? id.slice(0, 12) : id;
}

/** A cgroup path with its long ids cut. */
export function shortPath(path: string): string {
  return path
    .split("/")
    .map((part) => part.replace(/[0-9a-f]{32,}/g, (id) => id.slice(0, 12)))
    .join("/");
}

/** A file's name out of anything. */
export function fileName(text: string): string {
  const plain = text
    .normalize("NFKD")
    .replace(/[^A-Za-z0-9._-]+/g, "-")
    .replace(/^[-.]+|[-.]+$/g, "");
  return plain.slice(0, 80) || "tallyman";
}
