import { fromEventSource } from '@rxsse/core'

fromEventSource('/').subscribe()
