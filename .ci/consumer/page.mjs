import { fromEventSource } from '@rxsse/core'
import { indexedDbStore } from '@rxsse/operators/store'

fromEventSource('/').subscribe()
indexedDbStore({ name: 'job' })
