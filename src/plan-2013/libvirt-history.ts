// What libvirt could do about panics, and since when; and what of the proposal's plan it never did.

/** Something that libvirt has had since a version, with its source. */
export interface LibvirtFact {
  readonly since: string
  readonly what: string
  readonly source: string
}

/** Oldest first. */
export const LIBVIRT_HISTORY = {
  coredumpActions: {
    since: '0.8.4',
    what: 'on_crash takes coredump-destroy and coredump-restart',
    source: 'documentation of the domain format',
  },
  panickedEvent: {
    since: '1.1.1',
    what: 'GUEST_PANICKED leads to what on_crash says; state crashed (panicked)',
    source: "'Since' marks in libvirt-domain.h",
  },
  panicElement: {
    since: '1.2.1',
    what: '<panic> under <devices>, which makes a pvpanic device; not <panic-notifier/>',
    source: 'documentation of the domain format',
  },
  panicModels: {
    since: '1.3.0',
    what: 'models of <panic>: isa, pseries, hyperv; s390 since 1.3.5',
    source: 'documentation of the domain format',
  },
  setLifecycleAction: {
    since: '3.9.0',
    what: 'on_crash can be changed while the domain runs: virsh set-lifecycle-action',
    source: 'NEWS',
  },
  crashLoaded: { since: '6.1.0', what: 'GUEST_CRASHLOADED becomes an event, and no more than that', source: 'NEWS' },
  renameRestartRefused: { since: '7.7.0', what: 'on_crash=rename-restart is refused for QEMU', source: 'NEWS' },
  panicPci: { since: '9.1.0', what: 'model pvpanic, the PCI device', source: 'NEWS' },
  panicCapability: {
    since: '11.0.0',
    what: '<panic supported=...> in the domain capabilities, never in `virsh capabilities` as the proposal had it (late 2024: 10.10.0 or 11.0.0)',
    source: 'commit a52cd504',
  },
} as const satisfies Record<string, LibvirtFact>

/** The plan of 2013, point by point, beside what came of it. */
export const PLAN_AND_HISTORY: readonly { readonly planned: string; readonly happened: string }[] = [
  {
    planned: 'QEMU removes the builtin device in 1.5.4 and 1.6.1',
    happened: 'it did in 1.7.0 (commit 7839ff593b); there never was a 1.5.4, and 1.6.1 still had it',
  },
  { planned: 'the machine type is pc-1.5', happened: 'they are pc-i440fx-1.5 and pc-q35-1.5' },
  { planned: 'the property is iobase', happened: 'it is ioport, since the first commit' },
  { planned: '<panic-notifier/>', happened: '<panic>, libvirt 1.2.1; libvirt drops <panic-notifier/> without a word' },
  {
    planned: 'option 1, 2a or 2b',
    happened:
      'none as written; with the builtin device gone on_crash needs the element, as in (2), and no -global is added',
  },
  {
    planned: 'libvirt need not know the port (2b)',
    happened: 'it leaves the port to QEMU unless an address is written; 1.2.1 still wrote ioport=1285',
  },
  {
    planned: 'a marker: the name isa-pvpanic, or a dummy property',
    happened: 'neither; the device is still called pvpanic',
  },
  {
    planned: 'a capability in virsh capabilities',
    happened: 'in the domain capabilities, eleven years later',
  },
  { planned: 'a panicked guest can go on', happened: 'since QEMU 1.7.0 (commit df39076850): cont resumes it' },
  {
    planned: 'on_crash=ignore',
    happened:
      'never in libvirt. QEMU has it since 6.0 as -action panic=none, but libvirt then believes the guest crashed',
  },
  {
    planned: 'libosinfo adds the element by default',
    happened:
      'never: osinfo-db 20250606 knows the PCI device, 1b36:0011, from pci.ids; none of its 933 systems lists a panic device',
  },
  {
    planned: "virt-install's default is restart",
    happened: 'it was; since 1.4.1 (2017) virt-install writes none, so libvirt takes destroy',
  },
]
