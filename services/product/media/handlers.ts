import { announceMedia } from './jobs/announce-media.ts'
import { sweepMedia } from './jobs/sweep-media.ts'
import { warmPictures } from './jobs/warm-pictures.ts'
import { addMediaFromUrl } from './operations/add-media-from-url.ts'
import { changeMedia } from './operations/change-media.ts'
import { deleteMedia } from './operations/delete-media.ts'
import { getMedia } from './operations/get-media.ts'
import { listMedia } from './operations/list-media.ts'
import { picture } from './operations/picture.ts'
import { setProductMedia } from './operations/set-product-media.ts'
import { uploadMedia } from './operations/upload-media.ts'
import { warmMedia } from './operations/warm-media.ts'

export const mediaHandlers = {
  uploadMedia,
  addMediaFromUrl,
  listMedia,
  getMedia,
  changeMedia,
  deleteMedia,
  setProductMedia,
  picture,
  warmMedia,
}

export const mediaJobs = [announceMedia, sweepMedia, warmPictures]
