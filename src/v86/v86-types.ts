// The types of the npm package v86 that callers meet. The package is an ES module, which CommonJS has to be told.

// biome-ignore syntax/correctness/noTypeOnlyImportAttributes: TypeScript allows this one
export type { V86, V86Options } from 'v86' with { 'resolution-mode': 'import' }
