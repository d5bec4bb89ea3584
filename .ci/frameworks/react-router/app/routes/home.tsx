export default function Home() {
  return <h1>Prices</h1>
}
