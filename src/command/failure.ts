/** Why a command cannot do what was asked for; the message is for its user and has no prefix. */
export class Failure extends Error {}
