// Bonzini's proposal of 2013, sentence by sentence, and the readings where it leaves a choice.

/** Sentences of Paolo Bonzini's proposal to qemu-devel and libvir-list, 2013, on what to do about pvpanic. */
export const PROPOSAL = {
  removal: 'QEMU will remove pvpanic from pc-1.5 in 1.6.1 and 1.5.4. This does not break migration.',
  option1Element:
    'On QEMU 1.5.4/1.6.1 and newer (and on QEMU 1.6.0 with a machine type other than pc-1.5), <on_crash> will only work if the element is there.',
  option1Always:
    'On QEMU 1.5.0->1.5.3, and on QEMU 1.6.0 with the pc-1.5 machine type, <on_crash> will be obeyed always, and may override e.g. reboot-on-panic if a guest driver exist.',
  option2: 'On all versions, <on_crash> will only work if the element is there.',
  option2a:
    'libvirt will always add -global pvpanic.iobase=0 to neutralize the builtin pvpanic device if present. <panic-notifier/> will create the device with -device pvpanic,iobase=0x505',
  portZero:
    'writes to port 0 with QEMU 1.{5.0,5.1,5.2,5.3,6.0} and pc-1.5 machine type will write to a pvpanic device instead of the DMA controller. Probably harmless, and limited to some QEMU versions.',
  option2b:
    'If some machine type may have the builtin pvpanic, and <panic-notifier/> is absent, libvirt will add "-global pvpanic.iobase=0" to neutralize it. Otherwise, libvirt will create the device normally.',
  capability:
    'libvirt will add a <panic-notifier/> element, and possibly a capability for it accessible via "virsh capabilities".',
  fourthMode: "This mode would let libosinfo add pvpanic by default without affecting the guest's behavior on panic.",
  ignore1:
    'With QEMU 1.5.0 to 1.6.1, <on_crash> will _not_ obey the setting, never (even if no <panic-notifier/> is specified). libvirt will have to pick a fallback action.',
  ignore2a: 'With QEMU 1.5.0 to 1.6.1, <on_crash> will _not_ obey the setting if <panic-notifier/> is specified.',
  capability2a:
    'libvirt has _no way_ to learn about this, so the capability would always be present with these QEMU versions and libosinfo would always add <panic-notifier/> with these versions.',
  ignore2b:
    'With QEMU 1.5.0 to 1.6.1, the <panic-notifier/> element will not be available and not exposed in libvirt capabilities. Thus with this version libosinfo would omit <panic-notifier/> from the XML. Guest policy will always be followed correctly.',
} as const
/** The name of a sentence of the proposal. */
export type ProposalSentence = keyof typeof PROPOSAL

/** A question that the proposal leaves open, and how it can be read. */
export interface OpenQuestion {
  readonly question: string
  /** The reading taken unless another is asked for. */
  readonly chosen: string
  readonly others: readonly string[]
  readonly why: string
}

/** Where the proposal leaves a choice. Those in `Readings` can be chosen, the others are settled as said here. */
export const OPEN_QUESTIONS = {
  N1: {
    question: 'Which machine types have the builtin device on 1.5.0 to 1.5.3?',
    chosen: 'pc-1.5',
    others: ['every machine type'],
    why: 'two sentences disagree; in QEMU it was the 1.5 machine types',
  },
  N2: {
    question: 'Is -global added for a QEMU without the device, before 1.5?',
    chosen: 'no',
    others: ['yes: "always"'],
    why: 'the proposal does not speak of 1.4; QEMU passes over a global for a device it has not',
  },
  N3: {
    question: 'With which arguments does option 1 make the device?',
    chosen: '-device pvpanic where the element is and no builtin device; the builtin one serves otherwise',
    others: ['a second device beside the builtin one'],
    why: 'not said; a second device would have the same port',
  },
  N4: {
    question: 'What does option 2b do about an element that a user wrote although it is not available?',
    chosen: 'refuse',
    others: ['drop'],
    why: 'not said; libvirt refuses what a QEMU cannot do',
  },
  N5: {
    question: 'Does "otherwise, libvirt will create the device" hold without the element too?',
    chosen: 'with the element',
    others: ['always'],
    why: 'taken literally it contradicts "only work if the element is there"',
  },
  N6: {
    question: 'What does option 2b add on a good QEMU without the element?',
    chosen: 'nothing',
    others: [],
    why: 'needed for "only work if the element is there"',
  },
  N7: {
    question:
      'Option 1, QEMU 1.5.0 to 1.6.1, no element, no builtin device: is ignore disobeyed "never (even if ...)" there too?',
    chosen: 'nothing is disobeyed where no device is',
    others: ['disobeyed'],
    why: 'without a device no panic is reported that anything could follow',
  },
  N8: {
    question: 'Does option 1 expose the capability on QEMU 1.5.0 to 1.6.1?',
    chosen: 'yes',
    others: ['no'],
    why: 'not said; 2a, where it is exposed, is called "not very different from (1)"',
  },
  N9: {
    question: 'Who writes on_crash=ignore when libosinfo adds the element?',
    chosen: 'libosinfo, with the element',
    others: ['libvirt, as a new default', 'nobody: the default destroy would change what the guest does'],
    why: 'the aim is to add the device "without affecting the guest\'s behavior"',
  },
  N10: {
    question: 'What does a domain do between a panic that cannot be ignored and the fallback?',
    chosen: 'it stays crashed (panicked), as under preserve',
    others: [],
    why: 'so does QEMU: the guest is stopped and cont is refused',
  },
  N11: {
    question: 'Can libvirt learn that ignore does not work?',
    chosen: 'only afterwards, when cont is refused',
    others: [],
    why: 'the proposal says "no way"; QEMU\'s commit df39076850 says to look for failures of cont',
  },
  N12: {
    question: 'What does "does not break migration" cover?',
    chosen: 'the guest runs on; the fw_cfg file is gone and later panics are not reported',
    others: ['nothing is lost'],
    why: "QEMU's commit 7839ff593b lists these two",
  },
  N13: {
    question: "When does on_crash override the guest's own reboot-on-panic?",
    chosen: 'when the guest has a driver that finds the device',
    others: [],
    why: 'without a driver nothing is written',
  },
} as const satisfies Record<string, OpenQuestion>
/** The name of a question that the proposal leaves open. */
export type QuestionId = keyof typeof OPEN_QUESTIONS

/** The readings that can be chosen. */
export interface Readings {
  readonly N1: 'pc-1.5' | 'every machine type'
  readonly N2: 'no' | 'yes'
  readonly N4: 'refuse' | 'drop'
  readonly N5: 'with the element' | 'always'
  readonly N8: 'yes' | 'no'
}

/** The readings on which every table rests unless others are given. */
export const CHOSEN_READINGS: Readings = { N1: 'pc-1.5', N2: 'no', N4: 'refuse', N5: 'with the element', N8: 'yes' }
