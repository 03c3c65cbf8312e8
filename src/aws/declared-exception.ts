/** An exception as AWS's models declare it, with its HTTP status. */
export type DeclaredException = [exception: string, status: number];
