/** What is wrong with bytes that should be a picture, said so that it can stand behind a field's name: `is not a picture`. */
export class PictureFault extends Error {
  override name = 'PictureFault'
}
