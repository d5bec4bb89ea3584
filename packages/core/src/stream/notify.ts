import { type NextObserver, Observable } from 'rxjs'

/** Calls an observer that must not break the stream. RxJS reports what it throws, on a later turn. */
export function notify<T>(observer: NextObserver<T>, value: T): void {
  try {
    observer.next(value)
  } catch (error) {
    new Observable((subscriber) => subscriber.error(error)).subscribe()
  }
}
