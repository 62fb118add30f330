/** Something that people should know and that stops nothing; what stops is thrown. */
export interface ModuleFinding {
  readonly code: string
  readonly text: string
}
