export default function Page() {
  return <h1>Prices</h1>
}
