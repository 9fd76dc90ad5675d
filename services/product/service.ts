import { product } from '@stoa/contracts/product'
import { defineService } from '@stoa/runtime'
import { cards } from './cache/cards.ts'
import { clearCache } from './cache/clear-cache.ts'
import { config } from './context.ts'
import { importHandlers, importJobs } from './imports/handlers.ts'
import { openImportWorker } from './imports/import-worker.ts'
import { announceAgain } from './jobs/announce-again.ts'
import { publication } from './jobs/publication.ts'
import { mediaHandlers, mediaJobs } from './media/handlers.ts'
import { openMediaLibrary } from './media/media-library.ts'
import { addVariant } from './operations/add-variant.ts'
import {
  attributeDefinitions,
  categoryAttributes,
  createAttribute,
  deleteAttribute,
  getAttribute,
  listAttributes,
  putCategoryAttributes,
  replaceAttribute,
} from './operations/attributes.ts'
import { bulkChange } from './operations/bulk-change.ts'
import { categories } from './operations/categories.ts'
import { category, getCategoryForStaff } from './operations/category.ts'
import { change } from './operations/change.ts'
import { changeCategory } from './operations/change-category.ts'
import { changeVariant } from './operations/change-variant.ts'
import { create } from './operations/create.ts'
import { createCategory } from './operations/create-category.ts'
import { deleteCategory } from './operations/delete-category.ts'
import { documentIds } from './operations/document-ids.ts'
import { documents } from './operations/documents.ts'
import { get } from './operations/get.ts'
import { getForStaff } from './operations/get-for-staff.ts'
import { linksForStaff, linksOf, putLinks } from './operations/links.ts'
import { list } from './operations/list.ts'
import { listForStaff } from './operations/list-for-staff.ts'
import { quote } from './operations/quote.ts'
import { seed } from './operations/seed.ts'
import {
  brand,
  brands,
  changeBrand,
  changeCollection,
  collection,
  collectionProducts,
  collections,
  createBrand,
  createCollection,
  deleteBrand,
  deleteCollection,
  getBrandForStaff,
  getCollectionForStaff,
  putCollectionProducts,
} from './operations/shelves.ts'
import { changePriceList } from './pricing/operations/change-price-list.ts'
import { createPriceList } from './pricing/operations/create-price-list.ts'
import { deletePriceList } from './pricing/operations/delete-price-list.ts'
import { explainPrice } from './pricing/operations/explain-price.ts'
import { getPriceList } from './pricing/operations/get-price-list.ts'
import { listPriceListEntries } from './pricing/operations/list-price-list-entries.ts'
import { listPriceLists } from './pricing/operations/list-price-lists.ts'
import { putPriceListEntries } from './pricing/operations/put-price-list-entries.ts'
import { settlePriceList } from './pricing/settle-price-list.ts'
import { republish } from './republish.ts'
import { forgetPurchases } from './reviews/forget-purchases.ts'
import { reviewHandlers } from './reviews/handlers.ts'
import { rememberPurchases } from './reviews/remember-purchases.ts'

export default defineService({
  contract: product,
  config,
  migrations: new URL('./migrations/', import.meta.url),
  resources: async ({ config, log, query, transaction, signal }) => {
    const media = openMediaLibrary({ config, log })
    const imports = openImportWorker({ query, transaction, log, signal, resources: { media } })
    return {
      media,
      imports,
      [Symbol.asyncDispose]: async () => {
        await imports[Symbol.asyncDispose]()
        await media[Symbol.asyncDispose]()
      },
    }
  },
  operations: {
    ...mediaHandlers,
    ...importHandlers,
    ...reviewHandlers,
    cards,
    clearCache,
    list,
    get,
    categories,
    quote,
    listForStaff,
    getForStaff,
    create,
    change,
    addVariant,
    changeVariant,
    createCategory,
    changeCategory,
    deleteCategory,
    category,
    getCategoryForStaff,
    listAttributes,
    getAttribute,
    createAttribute,
    replaceAttribute,
    deleteAttribute,
    attributeDefinitions,
    categoryAttributes,
    putCategoryAttributes,
    brands,
    brand,
    getBrandForStaff,
    createBrand,
    changeBrand,
    deleteBrand,
    collections,
    collection,
    getCollectionForStaff,
    createCollection,
    changeCollection,
    collectionProducts,
    putCollectionProducts,
    deleteCollection,
    links: linksOf,
    linksForStaff,
    putLinks,
    bulkChange,
    documents,
    documentIds,
    seed,
    listPriceLists,
    getPriceList,
    createPriceList,
    changePriceList,
    deletePriceList,
    listPriceListEntries,
    putPriceListEntries,
    explainPrice,
  },
  reactions: [rememberPurchases],
  jobs: [publication, announceAgain, settlePriceList, ...mediaJobs, ...importJobs, forgetPurchases],
  republish,
})
