// The page: three tabs, each built when it is first shown.

import { byId } from './dom.js'

const TABS: Readonly<Record<string, () => Promise<{ show(panel: HTMLElement): void }>>> = {
  machine: () => import('./machine-tab.js'),
  proposal: () => import('./proposal-tab.js'),
  domain: () => import('./domain-tab.js'),
}
const names = Object.keys(TABS)
const shown = new Set<string>()

async function select(name: string, focus = false): Promise<void> {
  for (const other of names) {
    const tab = byId(`tab-${other}`)
    tab.setAttribute('aria-selected', String(other === name))
    tab.tabIndex = other === name ? 0 : -1
    byId(`panel-${other}`).hidden = other !== name
    if (focus && other === name) tab.focus()
  }
  history.replaceState(null, '', `#${name}`)
  if (shown.has(name)) return
  shown.add(name)
  const tab = await TABS[name]?.()
  tab?.show(byId(`panel-${name}`))
}

for (const [index, name] of names.entries()) {
  const tab = byId(`tab-${name}`)
  tab.addEventListener('click', () => select(name))
  tab.addEventListener('keydown', ({ key }) => {
    const target = { ArrowRight: index + 1, ArrowLeft: index - 1, Home: 0, End: names.length - 1 }[key]
    const next = target === undefined ? undefined : names.at(target % names.length)
    if (next !== undefined) select(next, true)
  })
}

const asked = location.hash.slice(1)
select(names.includes(asked) ? asked : 'machine')
