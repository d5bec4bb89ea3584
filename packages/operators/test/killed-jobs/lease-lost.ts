/** The exit code of a process whose right to run the job has ended. */
export const LEASE_LOST = 3
