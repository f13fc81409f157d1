// Looks at Kibana as a person does: page.js KIBANA_URL HITS DIRECTORY_FOR_SCREENSHOTS
// Fails unless Discover and the dashboard show that many records.
const { chromium } = require('playwright-core');
const [kibana, hits, directory] = process.argv.slice(2);
const time = '_g=(refreshInterval:(display:Off,pause:!f,value:0),time:(from:now-5m,mode:quick,to:now))';

(async () => {
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM || '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking'],
  });
  const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
  page.setDefaultTimeout(120000);

  const look = async (path, selector, name) => {
    await page.goto(`${kibana}/app/kibana#${path}`, { waitUntil: 'domcontentloaded' });
    // The numbers come one by one: what counts is what stands there in the end.
    const wanted = Number(hits).toLocaleString('en-US');
    await page.waitForFunction(([selector, wanted]) =>
      [...document.querySelectorAll(selector)].some((e) => e.textContent.trim() === wanted),
      [selector, wanted]).catch(async (error) => {
        const seen = await page.$$eval(selector, (all) => all.map((e) => e.textContent.trim()));
        await page.screenshot({ path: `${directory}/failed-${name}.png` });
        throw new Error(`${name} shows ${JSON.stringify(seen)}, not ${wanted}: ${error.message}`);
      });
    await page.waitForTimeout(3000);
    await page.screenshot({ path: `${directory}/${name}.png` });
    console.log(`${name}: ${wanted} records on the page`);
  };
  await look(`/discover/records?${time}`, '[data-test-subj="discoverQueryHits"]', 'discover');
  await look(`/dashboard/logship?${time}`, '.metric-value', 'dashboard');
  const charts = await page.$$eval('.vis-container svg, visualize svg', (all) => all.length);
  if (charts < 3) throw new Error(`the dashboard has ${charts} charts, not 3`);
  console.log(`dashboard: ${charts} charts`);
  await browser.close();
})().catch((error) => { console.error(error.message); process.exit(1); });
