// What a cell of the plan rests on: the proposal's own words, a conclusion, or one of several readings.

import { OPEN_QUESTIONS, PROPOSAL, type ProposalSentence, type QuestionId } from './proposal.js'

/** Why a field of a plan is as it is. */
export type Basis =
  | { readonly kind: 'stated'; readonly sentence: string }
  | {
      readonly kind: 'inferred'
      readonly from: string
      /** A sentence of the proposal that says otherwise. */
      readonly against?: string
    }
  | {
      readonly kind: 'ambiguous'
      readonly question: QuestionId
      readonly reading: string
      readonly others: readonly string[]
      readonly why: string
    }

export const stated = (sentence: ProposalSentence): Basis => ({ kind: 'stated', sentence: PROPOSAL[sentence] })

export const inferred = (from: string, against?: ProposalSentence): Basis => {
  return { kind: 'inferred', from, ...(against === undefined ? {} : { against: PROPOSAL[against] }) }
}

/** @param reading what was taken, if it can be chosen. */
export function ambiguous(question: QuestionId, reading?: string): Basis {
  const { chosen, others, why } = OPEN_QUESTIONS[question]
  const taken = reading ?? chosen
  const rest = [chosen, ...others].filter((other) => !other.startsWith(taken))
  return { kind: 'ambiguous', question, reading: taken, others: rest, why }
}

/** One sentence for people. */
export function explainBasis(basis: Basis): string {
  switch (basis.kind) {
    case 'stated':
      return `stated: "${basis.sentence}"`
    case 'inferred':
      return `inferred: ${basis.from}${basis.against === undefined ? '' : `; against "${basis.against}"`}`
    case 'ambiguous': {
      const { question, reading, others, why } = basis
      const rest = others.length === 0 ? '' : `; else: ${others.join(', or ')}`
      return `${question}: ${OPEN_QUESTIONS[question].question} Read as: ${reading} (${why})${rest}`
    }
  }
}
