import { StrictMode, useState } from 'react'
import { createRoot } from 'react-dom/client'
import { Answer } from './answer.tsx'
import { Connection, LatestPrice } from './latest-price.tsx'

function App() {
  const [url, setUrl] = useState('/a')
  const [shown, setShown] = useState(true)
  return (
    <>
      <button type="button" id="switch" onClick={() => setUrl('/b')} />
      <button type="button" id="hide" onClick={() => setShown(false)} />
      {shown && <LatestPrice url={url} />}
      {shown && <Connection url={url} />}
      {shown && <Answer url="/answer" />}
    </>
  )
}

createRoot(document.body.appendChild(document.createElement('div'))).render(
  <StrictMode>
    <App />
  </StrictMode>,
)
