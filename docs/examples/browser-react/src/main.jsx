import { createRoot } from 'react-dom/client'
import { usePrice } from './use-price.js'

function App() {
  const { price, status } = usePrice('/prices')
  return (
    <p>
      The price is {price ?? 'not known yet'}. The connection is {status}.
    </p>
  )
}

createRoot(document.getElementById('root')).render(<App />)
