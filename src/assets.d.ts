/** Files that are imported as text (`with { type: "text" }`) and so become part of the executable. */
declare module "*.css" {
  const text: string;
  export default text;
}

declare module "*.md" {
  const text: string;
  export default text;
}

declare module "*.py" {
  const text: string;
  export default text;
}

/** Imported `with { type: "file" }`: where it can be read, in the executable too. */
declare module "*.png" {
  const path: string;
  export default path;
}

declare module "*.sql" {
  const text: string;
  export default text;
}

/** Scripts for the browser live in `public/`; every other `.js` import is a module and typed by its package. */
declare module "*/public/page.js" {
  const text: string;
  export default text;
}

declare module "*/public/console.js" {
  const text: string;
  export default text;
}
