// Domains over guests in an installed QEMU.

import { describeRealGuests } from '../libvirt/real-guests.js'

describeRealGuests('qemu')
