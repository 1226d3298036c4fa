// The version of the program that a monitor tells of.

/** As greeting and query-version tell it. */
export interface QmpVersion {
  readonly qemu: { readonly major: number; readonly minor: number; readonly micro: number }
  /** Who built it. */
  readonly package: string
  readonly [name: string]: string | { readonly [name: string]: number }
}
